import Core
import Foundation
import Testing

@testable import Skills

@Suite("What the operator decides about running skills", .timeLimit(.minutes(5)))
struct OperatingTests {
  private static let version = "org.openclaw.test.version"

  private func decide(_ harness: SkillHostHarness, _ change: (inout SkillDecisions) -> Void) throws {
    _ = try SkillDecisionsFile(data: harness.data.path).change(change)
  }

  private func overview(_ harness: SkillHostHarness) throws -> SkillOverview {
    try SkillOverview.read(plugins: harness.plugins.path, data: harness.data.path, isServed: true)
  }

  @Test("a disabled skill goes, its status says why, and it comes back")
  func disabled() async throws {
    try await SkillHostHarness.run([SkillFixtures.fixture("version_1"), SkillFixtures.example("echo")]) { harness in
      try decide(harness) { $0.disabled = [Self.version] }
      await harness.until { $0.tool(named: "version") == nil }
      let status = try #require(harness.status("version_1.so"))
      #expect(status.state == .disabled)
      #expect(status.name == Self.version)
      #expect(try await harness.call("echo", ["text": "here"]) == "here")
      try decide(harness) { $0.disabled = [] }
      await harness.until { $0.tool(named: "version") != nil }
      #expect(try await harness.call("version") == 1)
      #expect(harness.events.all.map(\.kind).filter { [.disabled, .enabled].contains($0) } == [.disabled, .enabled])
    }
  }

  @Test("a decision made before the start counts from the first look on, and what a disabled skill held is free")
  func disabledAtStart() async throws {
    let decisions: SkillDecisions = {
      var decisions = SkillDecisions()
      decisions.disabled = [Self.version]
      return decisions
    }()
    try await SkillHostHarness.run([SkillFixtures.fixture("version_1")], decisions: decisions) { harness in
      #expect(harness.host.tools.isEmpty)
      #expect(harness.status("version_1.so")?.state == .disabled)
      #expect(harness.status("version_1.so")?.version == "1.0.0")
    }
  }

  @Test("broken decisions at a cold start: nothing is served, and the reason is shown; mended, everything is")
  func coldAndBroken() async throws {
    try await SkillHostHarness.run([SkillFixtures.example("echo")], brokenDecisions: true) { harness in
      #expect(harness.host.tools.isEmpty)
      #expect(harness.status("echo.so")?.state == .refused)
      #expect(harness.status("decisions.json")?.detail?.contains("no skill is served") == true)
      #expect(harness.events.all.contains { $0.kind == .decisionsRefused })
      try FileManager.default.removeItem(atPath: SkillDecisionsFile(data: harness.data.path).path)
      await harness.until { $0.tool(named: "echo") != nil }
      #expect(harness.status("decisions.json") == nil)
    }
  }

  @Test("broken decisions while running: the last good stay, and status says so")
  func broken() async throws {
    try await SkillHostHarness.run([SkillFixtures.fixture("version_1"), SkillFixtures.example("echo")]) { harness in
      try decide(harness) { $0.disabled = [Self.version] }
      await harness.until { $0.tool(named: "version") == nil }
      try Data(#"{"disabled":7}"#.utf8).write(to: URL(filePath: SkillDecisionsFile(data: harness.data.path).path))
      await harness.until { host in host.status().contains { $0.file == "decisions.json" } }
      #expect(harness.status("decisions.json")?.detail?.contains("last good decisions stay") == true)
      #expect(harness.host.tool(named: "version") == nil)
      #expect(harness.host.tool(named: "echo") != nil)
    }
  }

  @Test("back to the build before, and forward again with a new file")
  func rollback() async throws {
    let (first, second) = try (SkillFixtures.fixture("version_1"), SkillFixtures.fixture("version_2"))
    try await SkillHostHarness.run([]) { harness in
      try harness.move(first, as: "version.so")
      await harness.until { $0.tool(named: "version") != nil }
      try harness.move(second, as: "version.so")
      await harness.until { $0.status().first?.version == "2.0.0" }
      await harness.host.files.run {}

      let way = try overview(harness).wayBack(of: Self.version, to: nil)
      #expect(way.leaves == "2.0.0")
      #expect(way.target.version == "1.0.0")
      try decide(harness) { $0.rollbacks[Self.version] = way.rollback }
      await harness.until { $0.status().first?.version == "1.0.0" }
      #expect(try await harness.call("version") == 1)
      #expect(harness.status("version.so")?.detail == "rolled back from 2.0.0; drop a new build to go forward")

      try decide(harness) { $0.rollbacks = [:] }
      await harness.until { $0.status().first?.version == "2.0.0" }
      try decide(harness) { $0.rollbacks[Self.version] = way.rollback }
      await harness.until { $0.status().first?.version == "1.0.0" }

      // Other bytes than those that were left: a new build.
      try (Data(contentsOf: second) + Data([0])).write(to: harness.plugins.appending(path: "version.so"))
      await harness.until { $0.status().first?.version == "2.0.0" }
      #expect(try await harness.call("version") == 2)
      #expect(harness.status("version.so")?.detail == nil)
    }
  }

  @Test("a kept build whose bytes were changed is not served")
  func tampered() async throws {
    let (first, second) = try (SkillFixtures.fixture("version_1"), SkillFixtures.fixture("version_2"))
    try await SkillHostHarness.run([]) { harness in
      try harness.move(first, as: "version.so")
      await harness.until { $0.tool(named: "version") != nil }
      try harness.move(second, as: "version.so")
      await harness.until { $0.status().first?.version == "2.0.0" }
      await harness.host.files.run {}
      let way = try overview(harness).wayBack(of: Self.version, to: "1.0.0")
      let kept = URL(filePath: harness.host.archive.path(of: way.target.hash))
      let mode = try FileManager.default.attributesOfItem(atPath: kept.path)[.posixPermissions] as? Int
      #expect(mode == 0o600)
      try (Data(contentsOf: first) + Data([0])).write(to: kept)
      try decide(harness) { $0.rollbacks[Self.version] = way.rollback }
      await harness.until { $0.status().first?.detail?.contains("not there any more") == true }
      #expect(try await harness.call("version") == 2)
    }
  }

  @Test("the last three builds are kept, and what a rollback points to")
  func kept() throws {
    let folder = try SkillFixtures.temporaryFolder()
    defer { try? FileManager.default.removeItem(at: folder) }
    let archive = BuildArchive(data: folder.path)
    func build(_ number: Int) throws -> (SkillImage, KeptBuild) {
      let file = folder.appending(path: "\(number).so")
      try Data([UInt8(number)]).write(to: file)
      let image = try SkillImage.copy(file.path, maximumSize: 10)
      let time = Timestamp(milliseconds: Int64(number))
      return (image, KeptBuild(hash: try image.hash(), version: "\(number).0.0", file: "a.so", time: time))
    }
    let builds = try (0..<6).map(build)
    for (image, kept) in builds { try archive.keep(image, of: "org.example.a", as: kept, pinned: [builds[0].1.hash]) }
    #expect(archive.index()["org.example.a"] == builds[3...].map(\.1))
    let names = try FileManager.default.contentsOfDirectory(atPath: archive.folder).filter { $0.hasSuffix(".so") }
    #expect(Set(names) == Set((builds[3...].map(\.1.hash) + [builds[0].1.hash]).map { "\($0).so" }))
    // One that comes again is the newest again.
    try archive.keep(builds[3].0, of: "org.example.a", as: builds[3].1, pinned: [])
    #expect(archive.index()["org.example.a"]?.map(\.version) == ["4.0.0", "5.0.0", "3.0.0"])
  }

  @Test("of two files with the same skill that come together the first in order is served, whatever else comes with them")
  func collisions() async throws {
    let skills = try ["echo", "clock", "calc", "tickets"].map(SkillFixtures.example)
    try await SkillHostHarness.run(skills + [SkillFixtures.fixture("version_2"), SkillFixtures.fixture("version_1")]) { harness in
      #expect(harness.status("version_1.so")?.state == .loaded)
      #expect(harness.status("version_2.so")?.state == .refused)
      #expect(harness.host.status().count { $0.state == .loaded } == 5)
    }
  }

  @Test("a tool waits until its scopes are granted; a grant and its end count without a reload")
  func grants() async throws {
    try await SkillHostHarness.run([SkillFixtures.fixture("wants_http")]) { harness in
      let scope = "http:GET https://api.example.org/*"
      #expect(harness.host.tools.map(\.name) == ["wants.nothing"])
      #expect(harness.status("wants_http.so")?.detail?.contains("waiting for a grant: wants.http") == true)
      let refused = try await harness.failure("wants.http")
      #expect(refused.code == .denied)
      #expect(refused.message.contains(scope) && refused.message.contains("openclaw skill grant org.openclaw.test.wants"))
      #expect(try await harness.call("wants.nothing") == 1)

      try decide(harness) { $0.grants = ["org.openclaw.test.wants": [scope]] }
      await harness.until { $0.tools.count == 2 }
      #expect(try await harness.call("wants.http") == 2)
      #expect(harness.status("wants_http.so")?.detail == nil)
      try decide(harness) { $0.grants = [:] }
      await harness.until { $0.tools.count == 1 }
      #expect(try await harness.failure("wants.http").code == .denied)
      #expect(harness.events.all.count { $0.kind == .loaded } == 1)
    }
  }

  @Test("status.json is what the command line shows: tools, scopes, and the decisions that were taken in")
  func report() async throws {
    try await SkillHostHarness.run([SkillFixtures.fixture("wants_http"), SkillFixtures.fixture("no_manifest")]) { harness in
      await harness.host.files.run {}
      let overview = try overview(harness)
      #expect(overview.isServed)
      #expect(overview.report.decisions == SkillDecisions().digest)
      #expect(overview.report.skills == harness.host.report().skills)
      #expect(SkillReport(json: overview.report.json) == overview.report)
      #expect(try overview.id(named: "wants") == "org.openclaw.test.wants")
      #expect(overview.scopes(of: "org.openclaw.test.wants").map(\.state) == [.waiting])
      #expect(overview.report.skills.map(\.state) == ["refused", "loaded"])
      let offline = try SkillOverview.read(plugins: harness.plugins.path, data: harness.data.path, isServed: false)
      #expect(offline.report.skills.map(\.state) == ["refused", "ready"])
      #expect(offline.report.skills.map(\.offered) == overview.report.skills.map(\.offered))
    }
  }

  @Test("a crash is in the skill's own log and in status.json; enough of them leave an event")
  func crashes() async throws {
    try await SkillHostHarness.run([SkillFixtures.fixture("constructor_crash")]) { harness in
      #expect(harness.events.all.map(\.kind) == [.refused])
      #expect(harness.events.all.first?.reason == "start_failed")
    }
    try await SkillHostHarness.run([SkillFixtures.fixture("misbehave")]) { harness in
      _ = try await harness.failure("bad.crash_write")
      await harness.until { $0.status().first?.detail?.contains("last crash") == true }
      await harness.host.files.run {}
      let id = try #require(harness.host.status().first?.name)
      let lines = try #require(SkillLogFiles.lastLines(of: id, data: harness.data.path, limit: 10))
      #expect(lines.last?.contains("[host] ") == true, "\(lines)")
      #expect(try overview(harness).report.skills.first?.detail?.contains("last crash") == true)
    }
  }

  @Test("a log file is put aside once when it is full, and both are read")
  func logRotation() async throws {
    let folder = try SkillFixtures.temporaryFolder()
    defer { try? FileManager.default.removeItem(at: folder) }
    let thread = SerialThread(name: "log")
    defer { thread.close() }
    let path = SkillFolder(data: folder.path).logs
    let files = SkillLogFiles(folder: path, thread: thread)
    let line = String(repeating: "x", count: 1000)
    for number in 0..<2500 {
      files.append("\(number) \(line)", level: "info", of: "org.example.a", at: Timestamp(milliseconds: 1_700_000_000_123))
      if number % 500 == 0 { await thread.run {} }
    }
    await thread.run {}
    let names = try FileManager.default.contentsOfDirectory(atPath: path).sorted()
    #expect(names == ["org.example.a.log", "org.example.a.log.1"])
    for name in names {
      let size = try FileManager.default.attributesOfItem(atPath: "\(path)/\(name)")[.size] as? Int
      #expect(try #require(size) < SkillLogFiles.largestFile + 2000)
    }
    let lines = try #require(SkillLogFiles.lastLines(of: "org.example.a", data: folder.path, limit: 1200))
    #expect(lines.count == 1200)
    #expect(lines.last == "2023-11-14T22:13:20.123Z info 2499 \(line)")
  }
}

@Suite("Naming a skill and a way back")
struct SkillOverviewTests {
  private static func overview(_ ids: [String], kept: [String: [KeptBuild]] = [:]) -> SkillOverview {
    let skills = ids.map { id in
      SkillReport.Entry(
        skill: id, file: "\(id).so", state: "loaded", version: "3.0.0", build: "cc", offered: "cc", detail: nil, isTrusted: false,
        signer: nil, tools: [])
    }
    let report = SkillReport(process: 1, time: Timestamp(milliseconds: 0), decisions: nil, problem: nil, skills: skills)
    return SkillOverview(report: report, decisions: SkillDecisions(), kept: kept, isServed: true)
  }

  private static func kept(_ hash: String, _ version: String) -> KeptBuild {
    KeptBuild(hash: hash, version: version, file: "a.so", time: Timestamp(milliseconds: 0))
  }

  @Test("the last part of an id is enough when only one has it, and a typing error is answered with what was meant")
  func names() throws {
    let overview = Self.overview(["org.a.weather", "org.b.tickets", "org.c.tickets"])
    #expect(try overview.id(named: "weather") == "org.a.weather")
    #expect(try overview.id(named: "org.b.tickets") == "org.b.tickets")
    #expect(try overview.id(named: "c.tickets") == "org.c.tickets")
    #expect(performing: { try overview.id(named: "tickets") }, throws: { ($0 as? SkillOperatingError)?.code == .ambiguousSkill })
    #expect(
      performing: { try overview.id(named: "wether") },
      throws: { ($0 as? SkillOperatingError)?.message.contains("did you mean 'weather'?") == true })
  }

  @Test("without a target it is the build before the present one; each next time the one before that")
  func wayBack() throws {
    let builds = [Self.kept("aa", "1.0.0"), Self.kept("bb", "2.0.0"), Self.kept("cc", "3.0.0")]
    let overview = Self.overview(["org.a.weather"], kept: ["org.a.weather": builds])
    let way = try overview.wayBack(of: "org.a.weather", to: nil)
    #expect(way.rollback == .init(from: "cc", to: "bb"))
    var decisions = SkillDecisions()
    decisions.rollbacks["org.a.weather"] = way.rollback
    let next = SkillOverview(report: overview.report, decisions: decisions, kept: overview.kept, isServed: true)
    #expect(try next.wayBack(of: "org.a.weather", to: nil).rollback == .init(from: "cc", to: "aa"))
    #expect(try next.wayBack(of: "org.a.weather", to: "1.0.0").rollback.to == "aa")
    for (target, code) in [("9.9.9", SkillOperatingError.Code.unknownBuild), ("3.0.0", .unknownBuild)] {
      #expect(
        performing: { try next.wayBack(of: "org.a.weather", to: target) },
        throws: { ($0 as? SkillOperatingError)?.code == code })
    }
    #expect(
      performing: { try Self.overview(["org.a.weather"]).wayBack(of: "org.a.weather", to: nil) },
      throws: { ($0 as? SkillOperatingError)?.code == .noBuildKept })
  }
}
