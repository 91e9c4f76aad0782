import Core
import Foundation
import Logging
import Testing

@testable import Skills

@Suite("Trials and looks at skills", .timeLimit(.minutes(5)))
struct SkillTrialTests {
  private func trial(_ file: URL) -> SkillTrial {
    SkillTrial(file: file.path, runner: SkillFixtures.runner, logger: Logger(label: "t") { _ in SwiftLogNoOpLogHandler() })
  }

  @Test("what a skill stores in one trial is there in the next when it is handed on")
  func values() async throws {
    let tickets = trial(try SkillFixtures.example("tickets"))
    let created = try await tickets.call("tickets.create", ["title": "no coffee"])
    #expect(created.result == .success("Created #1 no coffee (priority 3)"))
    #expect(try await tickets.call("tickets.list", [:], values: created.values).result == .success("#1 no coffee (priority 3)"))
    #expect(try await tickets.call("tickets.list", [:]).result == .success("No open tickets"))
  }

  @Test("a tool that fails, crashes or gets wrong arguments gives the error that a chat would get")
  func failures() async throws {
    let bad = trial(try SkillFixtures.fixture("misbehave"))
    for (tool, code) in [("bad.crash", ToolError.Code.crashed), ("bad.fail", .skill), ("bad.broken", .protocolError)] {
      let result = try await bad.call(tool, [:]).result
      #expect(throws: ToolError.self) { try result.get() }
      if case .failure(let error) = result { #expect(error.code == code) }
    }
    guard case .failure(let error) = try await bad.call("bad.fine", ["x": 1]).result else {
      Issue.record("an unknown argument was taken")
      return
    }
    #expect(error.code == .badArgument)
  }

  @Test("what would be refused is not called, and an unknown tool is answered with those there are")
  func refusals() async throws {
    await #expect(throws: SkillTrial.Refusal.unknownTool(["echo"])) {
      try await trial(SkillFixtures.example("echo")).call("ecko", [:])
    }
    await #expect(throws: SkillTrial.Refusal.refused("no manifest: the library has no note '.note.openclaw.skill'")) {
      try await trial(SkillFixtures.fixture("no_manifest")).call("x", [:])
    }
    await #expect(throws: SkillTrial.Refusal.unreadable("cannot read /nonexistent.so")) {
      try await trial(URL(filePath: "/nonexistent.so")).call("x", [:])
    }
  }

  @Test("nothing is wrong with the example skills", arguments: ["echo", "clock", "calc", "tickets"])
  func examples(_ name: String) throws {
    let lint = SkillLint(file: try SkillFixtures.example(name).path)
    #expect(lint.findings == [], "\(lint.findings)")
  }

  @Test(
    "why a library would be refused is an error",
    arguments: [("no_manifest", "no manifest"), ("missing_symbol", "exports no function"), ("read_scope", "write scope")])
  func errors(_ name: String, _ words: String) throws {
    let lint = SkillLint(file: try SkillFixtures.fixture(name).path)
    #expect(lint.isRefused && lint.title == nil)
    #expect(lint.findings.first?.message.contains(words) == true, "\(lint.findings)")
  }

  @Test(
    "what would serve people better is advice",
    arguments: [
      (#""call":"i32(a:i32)""#, "says no effect"), (#""call":"i32(a:i32)""#, "no summary"),
      (#""call":"i32(a:i32)""#, "'a' has no description"), (#""call":"i32(a:i32)","summary":"Sum""#, "no more than the name"),
      (#""call":"json","parameters":{"properties":{"a b":{"type":"string"}}}"#, "not an identifier"),
      (#""call":"json","parameters":{"properties":{"a":{"type":"array"}}}"#, "no 'items'"),
      (#""call":"json","parameters":{"properties":{"a":{"type":"object"}}}"#, "no 'properties'"),
    ])
  func advice(_ tool: String, _ words: String) throws {
    let lint = try look(tool: tool)
    #expect(!lint.isRefused)
    #expect(lint.findings.contains { $0.kind == .advice && $0.message.contains(words) }, "\(lint.findings)")
  }

  @Test("unused scopes, commands of the host and functions that are no tools are named")
  func more() throws {
    let lint = try look(name: "help", tool: #""call":"json""#, top: #""scopes":["kv:read"],"#) {
      $0.symbols += [.init(name: "helper"), .init(name: "$s4main"), .init(name: "only", info: 0xa1)]
    }
    let text = lint.findings.map(\.message).joined(separator: "\n")
    for words in ["no tool uses 'kv:read'", "'/help' is a command", "1 function that is no tool (helper)", "-fno-gnu-unique"] {
      #expect(text.contains(words), "\(words) in \(text)")
    }
  }

  private func look(
    name: String = "sum", tool: String, top: String = "", _ change: (inout LibraryBuilder) -> Void = { _ in }
  ) throws -> SkillLint {
    var library = LibraryBuilder()
    library.manifest =
      #"{"abi":[1,0],"id":"a.b","version":"1.0.0",\#(top)"tools":[{"name":"\#(name)","symbol":"sum",\#(tool)}]}"#
    change(&library)
    let folder = try SkillFixtures.temporaryFolder()
    defer { try? FileManager.default.removeItem(at: folder) }
    let file = folder.appending(path: "x.so")
    try Data(library.bytes).write(to: file)
    return SkillLint(file: file.path)
  }
}
