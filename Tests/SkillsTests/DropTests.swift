import Core
import Foundation
import Glibc
import Logging
import Synchronization
import Testing

@testable import Skills

/// What people and programs do to a plug-in folder, with real files.
@Suite("Files dropped into a live folder", .timeLimit(.minutes(5)))
struct DropTests {
  @Test(
    "the usual programs replace a live file, and no call fails",
    arguments: [
      ["cp"], ["mv"], ["install"], ["install", "-m", "0755"], ["ln", "-f"], ["cp", "--reflink=never", "--remove-destination"],
    ])
  func programs(_ program: [String]) async throws {
    let folder = try SkillFixtures.temporaryFolder()
    defer { try? FileManager.default.removeItem(at: folder) }
    let source = folder.appending(path: "new.so")
    try FileManager.default.copyItem(at: SkillFixtures.fixture("version_2"), to: source)
    try await SkillHostHarness.run([SkillFixtures.fixture("version_1")]) { harness in
      let target = harness.plugins.appending(path: "version_1.so").path
      let answers = try await withThrowingTaskGroup(of: [JSON].self) { group in
        for _ in 0..<2 {
          group.addTask {
            var answers: [JSON] = []
            repeat { answers.append(try await harness.call("version")) } while answers.last != 2
            return answers
          }
        }
        let result = try SkillFixtures.run(program + [source.path, target])
        #expect(result.status == 0, "\(result.text)")
        return try await group.reduce(into: []) { $0 += $1 }
      }
      #expect(answers.allSatisfy { $0 == 1 || $0 == 2 })
    }
  }

  @Test("a file that is moved in from another file system is served", .enabled(if: access("/dev/shm", W_OK) == 0))
  func otherFileSystem() async throws {
    try await SkillHostHarness.run([]) { harness in
      let source = "/dev/shm/openclaw-\(UUID().uuidString).so"
      try FileManager.default.copyItem(atPath: SkillFixtures.fixture("version_1").path, toPath: source)
      #expect(try SkillFixtures.run(["mv", source, harness.plugins.appending(path: "version.so").path]).status == 0)
      await harness.until { $0.tool(named: "version") != nil }
      #expect(try await harness.call("version") == 1)
    }
  }

  @Test("a copy that stays half is waited for, and complained about once its time is up, while the old build serves")
  func staysHalf() async throws {
    let bytes = try Data(contentsOf: SkillFixtures.fixture("version_2"))
    let log = Recorder<String>()
    try await SkillHostHarness.run(
      [SkillFixtures.fixture("version_1")], log: log, limits: { $0.incompleteAge = .milliseconds(300) }
    ) {
      harness in
      try harness.write(bytes.prefix(bytes.count / 2), to: "version_1.so")
      await harness.until { _ in log.all.contains { $0.contains("skill_refused") && $0.contains("incomplete") } }
      #expect(harness.status("version_1.so")?.state == .loaded)
      #expect(try await harness.call("version") == 1)
      try harness.write(bytes, to: "version_1.so")
      await harness.until { $0.status().first?.version == "2.0.0" }
    }
  }

  @Test("a file cut at any place waits, and is forgotten when it goes")
  func cuts() async throws {
    let bytes = try Data(contentsOf: SkillFixtures.fixture("version_1"))
    let cuts = [0, 1, 4, 63, 64, 120, 1000, bytes.count / 2, bytes.count - 64, bytes.count - 1]
    try await SkillHostHarness.run([SkillFixtures.example("echo")]) { harness in
      for cut in cuts { try harness.write(bytes.prefix(cut), to: "cut\(cut).so") }
      await harness.until { host in host.status().count { $0.state == .waiting } == cuts.count }
      #expect(try await harness.call("echo", ["text": "x"]) == "x")
      for cut in cuts { try harness.remove("cut\(cut).so") }
      await harness.until { $0.status().map(\.file) == ["echo.so"] }
    }
  }

  @Test("a hundred files at once are all served")
  func hundred() async throws {
    let original = try SkillFixtures.bytes(SkillFixtures.fixture("version_1"))
    try await SkillHostHarness.run([]) { harness in
      for index in 100..<200 {
        let bytes = original.replacing("org.openclaw.test.version", with: "org.openclaw.test.skil\(index)")
          .replacing(#""name":"version""#, with: #""name":"tool\#(index)""#)
        try harness.write(Data(bytes), to: "\(index).so")
      }
      await harness.until { $0.tools.count == 100 }
      #expect(harness.host.status().allSatisfy { $0.state == .loaded && $0.detail == nil })
      #expect(try await harness.call("tool142") == 1)
    }
  }

  @Test("a folder that goes takes its tools along and brings them back", arguments: ["moved", "removed", "replaced"])
  func folder(_ way: String) async throws {
    let skill = try SkillFixtures.fixture("version_1")
    try await SkillHostHarness.run([skill]) { harness in
      let away = harness.plugins.path + ".away"
      switch way {
      case "moved":
        #expect(rename(harness.plugins.path, away) == 0)
        await harness.until { $0.tools.isEmpty }
        #expect(rename(away, harness.plugins.path) == 0)
      case "removed":
        try FileManager.default.removeItem(at: harness.plugins)
        await harness.until { $0.tools.isEmpty }
        try harness.copy(skill)
      default:
        try FileManager.default.createDirectory(atPath: away, withIntermediateDirectories: false)
        try FileManager.default.copyItem(atPath: SkillFixtures.fixture("version_2").path, toPath: away + "/version_1.so")
        #expect(rename(harness.plugins.path, away + ".old") == 0)
        #expect(rename(away, harness.plugins.path) == 0)
        await harness.until { $0.status().first?.version == "2.0.0" }
      }
      await harness.until { $0.tool(named: "version") != nil }
      #expect(try await harness.call("version") == (way == "replaced" ? 2 : 1))
    }
  }

  @Test("a folder that is not there at the start is served once it is")
  func missing() async throws {
    try await SkillHostHarness.run([], prepare: { try FileManager.default.removeItem(at: $0) }) { harness in
      #expect(harness.host.tools.isEmpty)
      try harness.copy(SkillFixtures.example("echo"))
      await harness.until { $0.tool(named: "echo") != nil }
      #expect(try await harness.call("echo", ["text": "x"]) == "x")
    }
  }

  @Test("a call that is running when its file goes ends as if nothing had happened")
  func removedDuringCall() async throws {
    let hold = MemoryStore.Hold()
    try await SkillHostHarness.run([SkillFixtures.fixture("read_writes")], store: MemoryStore(hold: hold)) { harness in
      let call = try harness.planned("sly.write")
      let answer = Task { try await harness.host.call(call) }
      await hold.isAsked.wait()
      try harness.remove("read_writes.so")
      await harness.until { $0.tools.isEmpty }
      hold.release.open()
      #expect(try await answer.value == "status 0")
    }
  }

  @Test("what is no file holds nothing up")
  func otherKinds() async throws {
    try await SkillHostHarness.run([]) { harness in
      #expect(mkfifo(harness.plugins.appending(path: "fifo.so").path, 0o600) == 0)
      let name = harness.plugins.appending(path: "socket.so").path
      let socket = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
      defer { close(socket) }
      var address = sockaddr_un()
      address.sun_family = sa_family_t(AF_UNIX)
      withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: name.utf8.prefix(107)) }
      let isBound = withUnsafePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          Glibc.bind(socket, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
        }
      }
      #expect(isBound == 0 || name.utf8.count > 107)
      try FileManager.default.createDirectory(
        at: harness.plugins.appending(path: "folder.so"), withIntermediateDirectories: false)
      try harness.copy(SkillFixtures.example("echo"))
      await harness.until { $0.tool(named: "echo") != nil }
      #expect(harness.host.status().map(\.file) == ["echo.so"])
    }
  }

  @Test("a FIFO that takes the place of a file after it was listed is refused, not waited for")
  func fifoRace() throws {
    let folder = try SkillFixtures.temporaryFolder()
    defer { try? FileManager.default.removeItem(at: folder) }
    let path = folder.appending(path: "a.so").path
    #expect(mkfifo(path, 0o600) == 0)
    guard case .refused(let refusal, _) = SkillCandidate.read(path, knownHash: nil, limits: SkillLimits()) else {
      Issue.record("not refused")
      return
    }
    #expect(refusal.code == .unreadable)
  }

  @Test("a file that may not be read is refused by name, and served once it may")
  func permission() async throws {
    let file = try SkillFixtures.temporaryFolder().appending(path: "echo.so")
    try FileManager.default.copyItem(at: SkillFixtures.example("echo"), to: file)
    #expect(chmod(file.path, 0) == 0)
    let reader = SerialThread(name: "nobody")
    defer { reader.close() }
    let outcome = await reader.run {
      // Root may read everything: this thread gives that up. The module for C does not have the function.
      if let address = dlsym(nil, "setfsuid") {
        _ = unsafeBitCast(address, to: (@convention(c) (UInt32) -> Int32).self)(65534)
      }
      return SkillCandidate.read(file.path, knownHash: nil, limits: SkillLimits())
    }
    guard case .refused(let refusal, nil) = outcome else {
      Issue.record("not refused")
      return
    }
    #expect(refusal.code == .unreadable && refusal.message.contains("Permission denied") && !refusal.isLasting)
  }

  @Test("a new build whose times were set back is noticed", arguments: ["in place", "moved"])
  func clockSetBack(_ way: String) async throws {
    try await SkillHostHarness.run([SkillFixtures.fixture("version_1")]) { harness in
      let file = harness.plugins.appending(path: "version_1.so")
      var times = [timespec(tv_sec: 1, tv_nsec: 0), timespec(tv_sec: 1, tv_nsec: 0)]
      #expect(utimensat(AT_FDCWD, file.path, &times, 0) == 0)
      if way == "moved" {
        try harness.move(SkillFixtures.fixture("version_2"), as: "version_1.so")
      } else {
        try harness.copy(SkillFixtures.fixture("version_2"), as: "version_1.so")
      }
      #expect(utimensat(AT_FDCWD, file.path, &times, 0) == 0)
      await harness.until { $0.status().first?.version == "2.0.0" }
      #expect(try await harness.call("version") == 2)
    }
  }

  @Test("the same bytes written again in place leave the runner alone")
  func rewritten() async throws {
    let skill = try SkillFixtures.fixture("version_1")
    try await SkillHostHarness.run([skill]) { harness in
      let build = harness.host.state.withLock { $0.routing.builds["version_1.so"] }
      try harness.copy(skill)
      try harness.copy(SkillFixtures.example("echo"))
      await harness.until { $0.tool(named: "echo") != nil }
      #expect(harness.host.state.withLock { $0.routing.builds["version_1.so"] } === build)
    }
  }
}

extension [UInt8] {
  fileprivate func replacing(_ text: String, with other: String) -> [UInt8] {
    self.replacing(Array(text.utf8), with: Array(other.utf8))
  }
}
