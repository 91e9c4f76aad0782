import Core
import Foundation
import Testing

@testable import Skills

@Suite("Calls of isolated skills", .timeLimit(.minutes(5)))
struct SkillCallTests {
  @Test("the example skills answer")
  func examples() async throws {
    let skills = try ["echo", "clock", "calc", "tickets"].map(SkillFixtures.example)
    try await SkillHostHarness.run(skills) { harness in
      for status in harness.host.status() { #expect(status.state == .loaded, "\(status.file): \(status.detail ?? "")") }
      #expect(try await harness.call("echo", ["text": "hello  世界"]) == "hello  世界")
      #expect(try await harness.call("calc.add", ["a": 1, "b": .double(0.5)]) == .double(1.5))
      #expect(try await harness.call("calc.gcd", ["a": 12, "b": 18]) == 6)
      let seconds = try #require(try await harness.call("clock.unix").integer)
      #expect(seconds > 1_700_000_000)
      #expect(try await harness.call("clock.now", ["zone": "+08:00"]).string?.hasSuffix("+08:00") == true)
      #expect(try await harness.call("tickets.create", ["title": "no coffee"]) == "Created #1 no coffee (priority 3)")
      #expect(try await harness.call("tickets.list") == "#1 no coffee (priority 3)")
      #expect(try await harness.call("tickets.close", ["id": 1]) == "Closed #1 no coffee (priority 3, closed)")
      #expect(try await harness.failure("tickets.show", ["id": 9]).code == .notFound)
    }
  }
}

@Suite("Skills that misbehave", .timeLimit(.minutes(5)))
struct MisbehavingSkillTests {
  @Test(
    "a tool that misbehaves gets an error with its name, and the skill answers the next call",
    arguments: [
      ("bad.crash", ToolError.Code.crashed, "SIGSEGV"), ("bad.crash_write", .crashed, "SIGSEGV"),
      ("bad.abort", .crashed, "SIGABRT"), ("bad.exit", .crashed, "exited with status 0"), ("bad.hang", .killed, "killed"),
      ("bad.spin", .killed, "killed"), ("bad.polite", .cancelled, "stopped when asked to"),
      ("bad.null", .internal, "null str"), ("bad.latin1", .internal, "UTF-8"), ("bad.nan", .internal, "finite"),
      ("bad.broken", .protocolError, "JSON"), ("bad.flood", .protocolError, "262144"), ("bad.chatter", .killed, "killed"),
      ("bad.forge", .protocolError, "frame"), ("bad.fail", .skill, "my own reason"), ("bad.long", .tooLarge, "4 MiB"),
      ("bad.cling", .crashed, "SIGKILL"),
    ])
  func misbehaves(_ tool: String, _ code: ToolError.Code, _ words: String) async throws {
    try await SkillHostHarness.run([SkillFixtures.fixture("misbehave")]) { harness in
      let error = try await harness.failure(tool)
      #expect(error.code == code, "\(error)")
      #expect(error.message.contains(words), "\(error)")
      #expect(try await harness.call("bad.fine") == 42)
    }
  }

  @Test("a stack overflow is a crash, a closed socket the end, too many requests a kill")
  func more() async throws {
    try await SkillHostHarness.run([SkillFixtures.fixture("misbehave")]) { harness in
      #expect(try await harness.failure("bad.overflow", ["n": 1]).message.contains("SIGSEGV"))
      #expect(try await harness.failure("bad.close").code == .crashed)
      let nagging = try await harness.failure("bad.nag").code
      #expect(nagging == .killed || nagging == .protocolError)
      #expect(try await harness.call("bad.silent") == .null)
      #expect(try await harness.call("bad.fine") == 42)
    }
  }

  @Test("memory and threads end at their limits, and nobody else notices")
  func limits() async throws {
    try await SkillHostHarness.run([SkillFixtures.fixture("misbehave"), SkillFixtures.example("echo")]) { harness in
      let taken = try #require(try await harness.call("bad.memory").integer)
      #expect(taken < 1024)
      #expect(try await harness.call("echo", ["text": "still here"]) == "still here")
    }
  }

  @Test("five crashes quarantine the image, and other skills go on")
  func quarantine() async throws {
    try await SkillHostHarness.run([SkillFixtures.fixture("misbehave"), SkillFixtures.example("echo")]) { harness in
      for _ in 0..<4 { _ = try await harness.failure("bad.crash") }
      // The back-off of the fourth crash, 0.8 s, is waited out by the call.
      #expect(try await harness.failure("bad.crash").code == .crashed)
      let error = try await harness.failure("bad.fine")
      #expect(error.code == .unavailable && error.message.contains("quarantined"), "\(error)")
      #expect(harness.status("misbehave.so")?.state == .quarantined)
      #expect(try await harness.call("echo", ["text": "fine"]) == "fine")
    }
  }

  @Test("a caller that gives up gets its call cancelled and the skill stays")
  func cancelled() async throws {
    try await SkillHostHarness.run([SkillFixtures.fixture("misbehave")]) { harness in
      let call = try harness.planned("bad.polite")
      let outcome = await withTaskGroup(of: ToolError?.self) { group in
        group.addTask {
          do throws(ToolError) {
            _ = try await harness.host.call(call)
            return nil
          } catch {
            return error
          }
        }
        group.cancelAll()
        return await group.next() ?? nil
      }
      #expect(outcome?.code == .cancelled || outcome?.code == .unavailable)
      #expect(try await harness.call("bad.fine") == 42)
    }
  }

  @Test(
    "a library that cannot be loaded is refused with the reason, while another serves",
    arguments: [
      ("constructor_crash", "SIG"), ("constructor_hang", "did not finish loading"),
      ("constructor_forge", "broke the protocol"), ("open_refuses", "oc_open_v1"),
      ("no_manifest", "manifest"), ("missing_symbol", "exports no function"), ("read_scope", "write scope"),
    ])
  func refused(_ name: String, _ words: String) async throws {
    let skills = try [SkillFixtures.fixture(name), SkillFixtures.example("echo")]
    try await SkillHostHarness.run(skills, limits: { if name == "constructor_hang" { $0.start = .seconds(1) } }) { harness in
      let status = try #require(harness.status("\(name).so"))
      #expect(status.state == .refused)
      #expect(status.detail?.contains(words) == true, "\(status.detail ?? "")")
      #expect(try await harness.call("echo", ["text": "served"]) == "served")
    }
  }

  @Test("a read tool that asks to write is denied, a write tool is not")
  func readWrites() async throws {
    try await SkillHostHarness.run([SkillFixtures.fixture("read_writes")]) { harness in
      let answers = [
        try await harness.call("sly.read"), try await harness.call("sly.other"), try await harness.call("sly.write"),
      ]
      #expect(answers == ["status 2", "status 5", "status 0"])
      #expect(harness.records.all.map(\.outcome) == [.denied, .unavailable, .ok])
    }
  }

  @Test("without a runner nothing is loaded, and the reason is the host's")
  func noRunner() async throws {
    try await SkillHostHarness.run([SkillFixtures.example("echo")], runner: "/nonexistent") { harness in
      #expect(harness.status("echo.so")?.detail?.contains("could not be started") == true)
    }
  }
}
