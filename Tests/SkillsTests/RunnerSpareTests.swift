import Core
import Foundation
import Logging
import Testing

@testable import Skills

@Suite("The spare runner", .timeLimit(.minutes(5)))
struct RunnerSpareTests {
  private let placed = Mailbox<RunnerProcess>()
  private let log = SkillLog(logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, skill: "test")

  private func makeSpare() -> RunnerSpare {
    RunnerSpare(executable: SkillFixtures.runner, startBudget: .seconds(20), onPlaced: { [placed] in placed.send($0) })
  }

  private func start(_ spare: RunnerSpare) async throws -> RunnerProcess {
    let image = try SkillImage.copy(SkillFixtures.fixture("version_1").path, maximumSize: 1 << 28)
    return try await spare.start(image, budget: .seconds(20), log: log, onEnd: { _ in })
  }

  @Test("is kept from the first start on, is what the next start uses, and ends with the task that keeps it")
  func kept() async throws {
    let spare = makeSpare()
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { await spare.run() }
      try await start(spare).stop()
      let first = await placed.next()
      #expect(first.isReady)
      let used = try await start(spare)
      #expect(used === first && used.isIdle && !used.isReady)
      used.stop()
      let last = await placed.next()
      #expect(last !== first)
      group.cancelAll()
      try await group.waitForAll()
      #expect(!last.isReady)
    }
  }

  @Test("one that dies is replaced, and no start notices")
  func replaced() async throws {
    let spare = makeSpare()
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { await spare.run() }
      try await start(spare).stop()
      let first = await placed.next()
      first.stop()
      let second = await placed.next()
      let used = try await start(spare)
      #expect(used === second)
      used.stop()
      group.cancelAll()
    }
  }

  @Test("failed starts are repeated ever more slowly", arguments: [(1, 100), (2, 200), (5, 1600), (11, 60_000), (99, 60_000)])
  func delays(_ failures: Int, _ milliseconds: Int) {
    #expect(RunnerSpare.delay(after: failures) == .milliseconds(milliseconds))
  }
}
