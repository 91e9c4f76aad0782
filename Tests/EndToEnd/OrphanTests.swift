import Core
import Foundation
import Glibc
import LinuxCalls
import Testing

@Suite("Runners of a host that is killed", .timeLimit(.minutes(5)))
struct OrphanTests {
  @Test("end with it: the idle one, the one in a call that never ends, and the spare")
  func killed() async throws {
    let house = try House(skills: ["echo"])
    let built = try await TestSkills.built(in: house.folder)
    try house.install(built.appending(path: "misbehave.so"), as: "misbehave")
    let service = try await ServiceProcess.start(in: house.folder)
    let program = ServiceProcess.program("openclaw")
    let arguments = ["chat", "--url", "http://127.0.0.1:\(service.port)", "--as", "bob"]
    let greeted = try await Finished.run(program, arguments, in: house.folder, input: "/echo here\n")
    #expect(greeted.output.contains("here"))
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { _ = try await Finished.run(program, arguments, in: house.folder, input: "/bad.wait\n") }
      _ = try await service.logLine { $0["msg"]?.string == "skill_log" && $0["line"]?.string == "waiting" }
      let runners = try Self.runners(of: service.processIdentifier)
      // One for each skill, and the spare unless it is being replaced at this moment.
      #expect(runners.count >= 2)
      await service.kill()
      for runner in runners { #expect(runner.hasEnded(within: 60)) }
      try await group.waitForAll()
    }
  }

  private static func runners(of host: Int32) throws -> [Runner] {
    try FileManager.default.contentsOfDirectory(atPath: "/proc").compactMap { name in
      guard let pid = Int32(name), let text = try? String(contentsOfFile: "/proc/\(name)/stat", encoding: .utf8),
        let state = text.split(separator: ")").last?.split(separator: " "), state.count > 1, Int32(state[1]) == host
      else { return nil }
      return Runner(pid)
    }
  }

  private final class Runner: Sendable {
    private let pidfd: Int32

    /// Nil when it has ended already.
    init?(_ pid: Int32) {
      pidfd = linux_pidfd(pid)
      if pidfd < 0 { return nil }
    }

    deinit { close(pidfd) }

    /// It is no child of this process, but its descriptor tells.
    func hasEnded(within seconds: Int32) -> Bool {
      var polled = pollfd(fd: pidfd, events: Int16(POLLIN), revents: 0)
      return poll(&polled, 1, seconds * 1000) == 1
    }
  }
}
