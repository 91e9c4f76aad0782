import Core
import Foundation
import Testing

@testable import Skills

/// A Swift skill's folder in which SkillKit and its macros have been built, once for a test run.
private enum SwiftSkill {
  private static let folder = Result {
    let parent = try SkillFixtures.temporaryFolder()
    let project = try SkillProject(name: "kit", language: .swift, program: "openclaw")
    return URL(filePath: try project.create(in: parent.path))
  }

  private static let library = Result {
    let folder = try SwiftSkill.folder.get()
    let source = SkillFixtures.root.appending(path: "Tests/Fixtures/SkillKit/everything.swift")
    try Data(contentsOf: source).write(to: folder.appending(path: "kit.swift"))
    let make = try SkillFixtures.run(["make", "-s"], in: folder)
    guard make.status == 0, make.text.isEmpty else { throw SkillFixtures.BuildFailed(folder: folder.path, output: make.text) }
    return folder.appending(path: "kit.so")
  }

  /// The skill that uses everything.
  static func everything() throws -> URL { try library.get() }

  /// What the compiler says of a skill.
  static func diagnose(_ source: String) throws -> (status: Int32, text: String) {
    let folder = try library.get().deletingLastPathComponent()
    let file = folder.appending(path: "\(UUID().uuidString).swift")
    try Data(("import SkillKit\n" + source).utf8).write(to: file)
    return try SkillFixtures.run(
      [
        "swiftc", "-wmo", "-c", "-o", "/dev/null", "-swift-version", "6", "-parse-as-library", "-I", "build", "-I",
        "SkillKit/ABI",
        "-load-plugin-library", folder.appending(path: "build/libSkillKitMacros.so").path, file.path,
      ], in: folder)
  }
}

@Suite("SkillKit", .timeLimit(.minutes(10)))
struct SkillKitTests {
  private static func manifest() throws -> SkillManifest {
    try SkillManifest(library: SkillFixtures.bytes(try SwiftSkill.everything()))
  }

  @Test("the manifest says what the functions say")
  func manifest() throws {
    let manifest = try Self.manifest()
    #expect(manifest.id == "org.example.kit" && manifest.version == "2.1.0")
    #expect(
      manifest.tools.map(\.name) == [
        "kit", "kit.sum-all", "kit.is-metric", "kit.int", "kit.unsigned", "kit.tenth", "kit.counter.add", "kit.history",
        "kit.forget", "kit.forbidden", "kit.join", "kit.fail", "kit.other", "kit.trap", "kit.mirror", "kit.facts",
      ])
    let greet = try #require(manifest.tools.first)
    #expect(greet.summary == "Greets somebody, politely." && greet.effect == .read && greet.rest == "name")
    #expect(greet.signature?.text == "str(name:str,times:i32)")
    #expect(
      greet.input.jsonSchema.canonical
        == #"{"additionalProperties":false,"properties":{"name":{"description":"Whom to greet, and how they are called.","#
        + #""maxLength":40,"minLength":1,"type":"string"},"times":{"default":2,"description":"How often.","maximum":10,"#
        + #""minimum":1,"type":"integer"}},"required":["name"],"type":"object"}"#)
    #expect(
      manifest.tools[1].signature?.text == "f64(a:i64,b:i32,c:i64,d:u64,e:u32,f:u64,g:f32,h:f64,i:bool)")
    let count = manifest.tools[6]
    #expect(count.signature == nil && count.effect == .write && count.timeout == .milliseconds(2500) && count.scopes.count == 2)
    #expect(manifest.tools[7].concurrency == 2)
    #expect(
      manifest.tools[10].input.jsonSchema.canonical
        == #"{"additionalProperties":false,"properties":{"separator":{"type":"string"},"weights":{"default":{},"type":"object"},"#
        + #""words":{"items":{"type":"string"},"type":"array"}},"required":["words"],"type":"object"}"#)
  }

  @Test("the tools answer in the sandbox")
  func calls() async throws {
    try await SkillHostHarness.run([SwiftSkill.everything()]) { harness async throws in
      #expect(harness.host.status().first?.state == .loaded, "\(harness.host.status())")
      #expect(try await harness.call("kit", ["name": "世界"]) == "Hello, 世界! Hello, 世界!")
      #expect(try await harness.failure("kit", ["name": "", "times": 1]).code == .badArgument)
      let numbers: JSON = ["a": 1, "b": 2, "d": 3, "e": 4, "f": 5, "i": true]
      #expect(try await harness.call("kit.sum-all", numbers) == .double(-11.501))
      #expect(try await harness.call("kit.is-metric") == true)
      #expect(try await harness.failure("kit.is-metric", ["unit": "ell"]).code == .badArgument)
      #expect(try await harness.call("kit.int", ["x": -21]) == -42)
      #expect(try await harness.call("kit.unsigned", ["x": 0]) == 4_294_967_295)
      #expect(try await harness.call("kit.tenth", ["x": 1]) == .double(0.1))
      #expect(try await harness.call("kit.join", ["words": ["a", "b"]]) == ["text": "a b", "half": .double(0.5), "none": .null])
      #expect(try await harness.call("kit.join", ["words": ["a", "b"], "separator": "+"])["text"] == "a+b")
      #expect(try await harness.call("kit.facts") == true)
      let text: JSON = "tab\t quote\" back\\ line\n \u{1} é 😀 \u{2028}"
      #expect(try await harness.call("kit.mirror", ["text": text]) == .array([text, text]))
    }
  }

  @Test("storage goes through the host, and only as far as the scopes")
  func storage() async throws {
    try await SkillHostHarness.run([SwiftSkill.everything()]) { harness async throws in
      #expect(try await harness.call("kit.counter.add") == 1)
      #expect(try await harness.call("kit.counter.add", ["step": 41]) == 42)
      #expect(try await harness.call("kit.history") == ["list/1": ["step": 1], "list/42": ["step": 41]])
      #expect(try await harness.call("kit.forget") == .null)
      #expect(try await harness.call("kit.counter.add") == 1)
      #expect(try await harness.failure("kit.forbidden").code == .denied)
    }
  }

  @Test("errors keep their codes, and a trap ends the runner alone")
  func errors() async throws {
    try await SkillHostHarness.run([SwiftSkill.everything()]) { harness async throws in
      let own = try await harness.failure("kit.fail", ["code": 123])
      #expect(own.code == .skill && own.message.hasPrefix("a \"reason\""))
      #expect(try await harness.failure("kit.fail", ["code": 4]).code == .conflict)
      #expect(try await harness.failure("kit.other").message == "Odd()")
      #expect(try await harness.failure("kit.join", ["words": []]).message == "no words to join")
      #expect(try await harness.failure("kit.trap", ["index": 3]).code == .crashed)
      #expect(try await harness.call("kit.trap", ["index": 2]) == 3)
    }
  }

  @Test(
    "what cannot be a tool is an error of the compiler that says what can",
    arguments: [
      ("/// D\n@Tool(.read) static func t(x: Int8) {}", "error: a parameter is of type Call, Bool, String, Int"),
      ("/// D\n@Tool(.read) static func t(x: [Int: String]) {}", "a dictionary with String keys"),
      ("/// D\n@Tool(.read) func t() {}", "error: a tool is a static function"),
      ("/// D\n@Tool(.read) static func t() async {}", "error: a tool cannot be async"),
      ("/// D\n@Tool(.read) static func t<T: SkillValue>(x: T) {}", "error: a tool cannot be generic"),
      ("static let one = 1\n/// D\n@Tool(.read) static func t(x: Int = one) {}", "error: a default stands in the manifest"),
      ("/// D\n@Tool(.read) static func t(x: String = \"\\(1)\") {}", "error: a default stands in the manifest"),
      ("/// D\n@Tool(.read, ranges: [\"y\": 1...2]) static func t(x: Int) {}", "error: there is no parameter 'y'; there are: x"),
      ("/// D\n@Tool(.read, timeout: 1000) static func t() {}", "error: a literal of seconds, from 0.001 to 600"),
      ("/// D\n@Tool(.read, name: \"Big\") static func t() {}", "error: 'Big' is no name of a tool"),
      ("/// D\n@Tool(.read) static func t() {}\n/// D\n@Tool(.read) static func t(x: Int) {}", "error: there are two tools"),
      ("static func t() {}", "error: a skill has at least one static function"),
      ("@Tool(.read) static func t() {}", "warning: say in a doc comment"),
    ])
  func diagnostics(_ body: String, _ words: String) throws {
    let said = try SwiftSkill.diagnose("@Skill(\"org.example.x\", version: \"1.0.0\")\nenum X {\n\(body)\n}\n")
    #expect(said.text.contains(words), "\(said.text)")
    #expect((said.status == 0) == words.hasPrefix("warning"))
  }

  @Test(
    "a wrong id, version or place is an error of the compiler",
    arguments: [
      ("@Skill(\"Hello\", version: \"1.0.0\") enum X { /// D\n@Tool(.read) static func t() {} }", "the id is a literal like"),
      ("@Skill(\"a.b\", version: \"1\") enum X { /// D\n@Tool(.read) static func t() {} }", "the version is a literal like"),
      ("enum X { /// D\n@Tool(.read) static func t() {} }", "directly inside a type that carries @Skill"),
    ])
  func places(_ source: String, _ words: String) throws {
    let said = try SwiftSkill.diagnose(source)
    #expect(said.status != 0 && said.text.contains("error: ") && said.text.contains(words), "\(said.text)")
  }
}
