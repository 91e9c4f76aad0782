import Core
import Foundation
import Synchronization
import Testing

@testable import Skills

@Suite("Reload", .timeLimit(.minutes(5)))
struct ReloadTests {
  @Test("under concurrent callers no call fails and no caller sees the old build after the new", arguments: ["cp", "mv"])
  func underLoad(_ way: String) async throws {
    let (first, second) = try (SkillFixtures.fixture("version_1"), SkillFixtures.fixture("version_2"))
    try await SkillHostHarness.run([]) { harness in
      try harness.move(first, as: "version.so")
      await harness.until { $0.tool(named: "version") != nil }
      let seen = try await withThrowingTaskGroup(of: [JSON].self) { group in
        for _ in 0..<8 {
          group.addTask {
            var answers: [JSON] = []
            repeat { answers.append(try await harness.call("version")) } while answers.last != 2
            return answers
          }
        }
        if way == "cp" { try harness.copy(second, as: "version.so") } else { try harness.move(second, as: "version.so") }
        return try await group.reduce(into: []) { $0.append($1) }
      }
      for answers in seen { #expect(answers.dropLast().allSatisfy { $0 == 1 }) }
      #expect(harness.status("version.so")?.version == "2.0.0")
    }
  }

  @Test("forth and back again and again, no call fails")
  func manyTimes() async throws {
    let files = try [SkillFixtures.fixture("version_1"), SkillFixtures.fixture("version_2")]
    try await SkillHostHarness.run([]) { harness in
      try harness.move(files[0], as: "version.so")
      await harness.until { $0.tool(named: "version") != nil }
      let isOver = Recorder<Bool>()
      try await withThrowingTaskGroup(of: Void.self) { group in
        for _ in 0..<4 {
          group.addTask {
            while isOver.all.isEmpty {
              let answer = try await harness.call("version")
              #expect(answer == 1 || answer == 2)
            }
          }
        }
        for round in 1...6 {
          try harness.move(files[round % 2], as: "version.so")
          await harness.until { $0.status().first?.version == "\(round % 2 + 1).0.0" }
        }
        isOver.add(true)
        try await group.waitForAll()
      }
    }
  }

  @Test("a bad file over a good one changes nothing but the status")
  func badFile() async throws {
    let (good, bad) = try (SkillFixtures.example("echo"), SkillFixtures.fixture("constructor_crash"))
    try await SkillHostHarness.run([good]) { harness in
      try harness.move(bad, as: "echo.so")
      await harness.until { $0.status().first?.detail != nil }
      let status = try #require(harness.status("echo.so"))
      #expect(status.state == .loaded)
      #expect(status.detail?.contains("a new file is not served") == true)
      #expect(try await harness.call("echo", ["text": "old"]) == "old")
      try harness.move(good, as: "echo.so")
      await harness.until { $0.status().first?.detail == nil }
      #expect(try await harness.call("echo", ["text": "old"]) == "old")
    }
  }

  @Test("half a copy waits, over a live file too, and the rest completes it")
  func halfCopy() async throws {
    let bytes = try Data(contentsOf: SkillFixtures.fixture("version_2"))
    try await SkillHostHarness.run([], limits: { $0.incompleteAge = .zero }) { harness in
      let file = harness.plugins.appending(path: "version.so")
      try bytes.prefix(bytes.count / 2).write(to: file)
      await harness.until { $0.status().first?.state == .waiting }
      #expect(harness.host.tools.isEmpty)
      try bytes.write(to: file)
      await harness.until { $0.tool(named: "version") != nil }
      #expect(try await harness.call("version") == 2)
      try bytes.prefix(1000).write(to: file)
      await harness.until { $0.status().first?.detail != nil }
      #expect(try await harness.call("version") == 2)
    }
  }

  @Test("the same bytes again change nothing")
  func same() async throws {
    let echo = try SkillFixtures.example("echo")
    try await SkillHostHarness.run([echo]) { harness in
      let build = try harness.planned("echo", ["text": "x"])
      try harness.move(echo, as: "echo.so")
      try harness.copy(SkillFixtures.example("clock"))
      await harness.until { $0.tool(named: "clock.now") != nil }
      #expect(try await harness.host.call(build) == "x")
      #expect(harness.host.tool(named: "echo") == build.tool)
    }
  }

  @Test("a removed file unregisters its tools; a call that was planned before is gone")
  func removed() async throws {
    try await SkillHostHarness.run([SkillFixtures.example("tickets"), SkillFixtures.example("echo")]) { harness in
      let call = try harness.planned("tickets.create", ["title": "x"])
      try harness.remove("tickets.so")
      await harness.until { $0.tool(named: "tickets.create") == nil }
      #expect(harness.status("tickets.so") == nil)
      await #expect(throws: ToolError.self) { try await harness.host.call(call) }
      #expect(try await harness.call("echo", ["text": "here"]) == "here")
    }
  }

  @Test("a call for a build that is drained and has no successor is gone at once")
  func drained() async throws {
    try await SkillHostHarness.run([SkillFixtures.fixture("version_1")]) { harness in
      let call = try harness.planned("version")
      let removed = harness.host.state.withLock { $0.routing.install(nil, for: "version_1.so") }
      for build in removed { await build.retire() }
      await #expect(performing: { try await harness.host.call(call) }, throws: { ($0 as? ToolError)?.code == .gone })
    }
  }

  @Test("a skill that moves to another file name is served all the time")
  func renamed() async throws {
    try await SkillHostHarness.run([SkillFixtures.example("echo")]) { harness in
      let call = try harness.planned("echo", ["text": "x"])
      try FileManager.default.moveItem(
        at: harness.plugins.appending(path: "echo.so"), to: harness.plugins.appending(path: "parrot.so"))
      await harness.until { $0.status().map(\.file) == ["parrot.so"] }
      #expect(try await harness.host.call(call) == "x")
      #expect(harness.status("parrot.so")?.state == .loaded)
    }
  }

  @Test("a second file with the same skill is refused and takes over when the first goes")
  func collision() async throws {
    try await SkillHostHarness.run([SkillFixtures.fixture("version_1")]) { harness in
      try harness.copy(SkillFixtures.fixture("version_2"))
      await harness.until { $0.status().count == 2 }
      let status = try #require(harness.status("version_2.so"))
      #expect(status.state == .refused)
      #expect(status.detail?.contains("'version_1.so'") == true, "\(status.detail ?? "")")
      #expect(try await harness.call("version") == 1)
      try harness.remove("version_1.so")
      await harness.until { $0.status().first?.state == .loaded && $0.status().count == 1 }
      #expect(try await harness.call("version") == 2)
    }
  }

  @Test("a write planned for another build is gone, a read runs on the build of now")
  func otherBuild() async throws {
    try await SkillHostHarness.run([SkillFixtures.fixture("misbehave")]) { harness in
      func old(_ name: String) throws -> ToolCall {
        let call = try harness.planned(name)
        let tool = Tool(
          name: call.tool.name, skill: call.tool.skill, build: "00", summary: "", effect: call.tool.effect,
          parameters: call.tool.parameters, rest: nil)
        return ToolCall(
          tool: tool, arguments: [:], requestID: call.requestID, requester: call.requester, idempotencyKey: call.idempotencyKey)
      }
      let (read, write) = try (old("bad.fine"), old("bad.crash_write"))
      #expect(try await harness.host.call(read) == 42)
      await #expect(performing: { try await harness.host.call(write) }, throws: { ($0 as? ToolError)?.code == .gone })
    }
  }

  @Test("links, hidden files and other names are not skills")
  func otherFiles() async throws {
    try await SkillHostHarness.run([]) { harness in
      let echo = try SkillFixtures.example("echo")
      try FileManager.default.createSymbolicLink(at: harness.plugins.appending(path: "link.so"), withDestinationURL: echo)
      try harness.copy(echo, as: ".hidden.so")
      try harness.copy(echo, as: "echo.so~")
      try harness.copy(SkillFixtures.example("clock"))
      await harness.until { $0.tool(named: "clock.now") != nil }
      #expect(harness.host.status().map(\.file) == ["clock.so"])
    }
  }
}

@Suite("Trusted skills", .timeLimit(.minutes(5)))
struct TrustedSkillTests {
  private func hash(_ skill: URL) throws -> String {
    try SkillImage.copy(skill.path, maximumSize: 1 << 28).hash()
  }

  @Test("an image whose hash the operator listed runs in this process, through the same gate")
  func trusted() async throws {
    let skills = try [SkillFixtures.example("calc"), SkillFixtures.fixture("read_writes"), SkillFixtures.example("clock")]
    let trusted = Set(try skills.map(hash))
    // A runner that cannot start shows that none is needed.
    try await SkillHostHarness.run(skills, runner: "/nonexistent", trusted: trusted) { harness in
      let product = try await harness.call("calc.multiply", ["a": 6, "b": 7])
      #expect(product == .double(42))
      #expect(harness.status("calc.so")?.detail?.contains("trusted") == true)
      #expect(try await harness.call("sly.read") == "status 2")
      #expect(try await harness.call("sly.write") == "status 0")
      #expect(try await harness.call("clock.now").string?.isEmpty == false)
      #expect(try await harness.failure("calc.add", ["a": 1]).code == .badArgument)
    }
  }

  @Test("a trusted call that listens ends at its deadline, and a reply has a limit")
  func deadline() async throws {
    let skill = try SkillFixtures.fixture("misbehave")
    try await SkillHostHarness.run([skill], runner: "/nonexistent", trusted: [hash(skill)]) { harness in
      let polite = try await harness.failure("bad.polite")
      #expect(polite.code == .cancelled)
      #expect(try await harness.call("bad.fine") == 42)
      #expect(try await harness.failure("bad.flood").code == .tooLarge)
    }
  }
}
