import Core
import Foundation
import Logging
import SkillTemplates
import Testing

@testable import Skills

@Suite("New skills", .timeLimit(.minutes(10)))
struct SkillProjectTests {
  /// Rust is the only language whose compiler is no part of the set-up.
  static let languages = SkillProject.Language.allCases.filter { $0 != .rust || Compiler.isInstalled("rustc") }

  private static func create(_ name: String, _ language: SkillProject.Language, in folder: URL) throws -> URL {
    let project = try SkillProject(name: name, language: language, program: "openclaw")
    return URL(filePath: try project.create(in: folder.path))
  }

  @Test(
    "a new skill builds with one command, nothing is wrong with it, and its tool answers in the sandbox", arguments: languages)
  func builds(_ language: SkillProject.Language) async throws {
    let folder = try SkillFixtures.temporaryFolder()
    defer { try? FileManager.default.removeItem(at: folder) }
    let project = try Self.create("my-hello", language, in: folder)
    let make = try SkillFixtures.run(["make", "-s"], in: project)
    #expect(make.status == 0 && make.text.isEmpty, "\(make.text)")

    let library = project.appending(path: "my-hello.so").path
    let lint = SkillLint(file: library)
    #expect(lint.title == "org.example.my-hello 1.0.0, 1 tool")
    #expect(lint.findings.map(\.message).filter { !$0.hasPrefix("id:") } == [])

    let trial = SkillTrial(
      file: library, runner: SkillFixtures.runner, logger: Logger(label: "t") { _ in SwiftLogNoOpLogHandler() })
    #expect(try await trial.call("my-hello", ["who": "世界"]).result == .success("Hello, 世界!"))
    let long = try await trial.call("my-hello", ["who": .string(String(repeating: "x", count: 41))]).result
    #expect(throws: ToolError.self) { try long.get() }
  }

  @Test("a skill is at most 15 lines", arguments: SkillProject.Language.allCases)
  func short(_ language: SkillProject.Language) throws {
    let project = try SkillProject(name: "x", language: language, program: "openclaw")
    let source = try #require(project.files.first { $0.path.hasPrefix("x.") })
    #expect(source.text.split(separator: "\n").count <= 15)
  }

  @Test("a folder that exists is left as it is")
  func exists() throws {
    let folder = try SkillFixtures.temporaryFolder()
    defer { try? FileManager.default.removeItem(at: folder) }
    let project = try Self.create("hello", .c, in: folder)
    try Data("mine".utf8).write(to: project.appending(path: "hello.c"))
    let failure = #expect(throws: SkillProject.Failure.self) { try Self.create("hello", .cpp, in: folder) }
    #expect(failure?.code == .exists)
    #expect(try String(contentsOf: project.appending(path: "hello.c"), encoding: .utf8) == "mine")
    #expect(!FileManager.default.fileExists(atPath: project.appending(path: "hello.cpp").path))
  }

  @Test(
    "a name that cannot be a tool's is refused",
    arguments: ["", "Hello", "1st", "a.b", "a_b", "../x", "a b", "ü", String(repeating: "a", count: 33)])
  func badName(_ name: String) {
    let failure = #expect(throws: SkillProject.Failure.self) { try SkillProject(name: name, language: .c, program: "openclaw") }
    #expect(failure?.code == .badName)
  }

  @Test("every file of SkillKit is in a new Swift skill, as it is in the checkout")
  func kit() throws {
    let files = try SkillProject(name: "x", language: .swift, program: "openclaw").files
    let kit = SkillFixtures.root.appending(path: "Sources/SkillKit")
    for folder in ["", "Macros/"] {
      for name in try FileManager.default.contentsOfDirectory(atPath: kit.appending(path: folder).path)
      where name.hasSuffix(".swift") {
        let embedded = files.first { $0.path == "SkillKit/\(folder)\(name)" }
        #expect(try embedded?.text == String(contentsOf: kit.appending(path: folder + name), encoding: .utf8), "\(folder)\(name)")
      }
    }
  }

  @Test("no placeholder is left", arguments: SkillProject.Language.allCases)
  func placeholders(_ language: SkillProject.Language) throws {
    let files = try SkillProject(name: "x", language: language, program: "openclaw").files
    #expect(!files.isEmpty)
    for (path, text) in files { #expect(!(path + text).contains("@NAME@") && !text.contains("@PROGRAM@"), "\(path)") }
  }
}
