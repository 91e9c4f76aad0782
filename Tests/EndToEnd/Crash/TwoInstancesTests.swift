import Core
import Foundation
import Synchronization
import TestSupport
import Testing

/// How often one of the two is killed.
private let kills = ProcessInfo.processInfo.environment["OPENCLAW_INSTANCE_KILLS"].flatMap { Int($0) } ?? 16

@Suite(
  "Two instances on one PostgreSQL store", .enabled(if: PostgresServer.address != nil, "\(PostgresServer.absence)"),
  .timeLimit(.minutes(8)))
struct TwoInstancesTests {
  private static let lease = 2

  @Test("one of them killed at random, again and again: every acknowledged event is answered once and in order, no effect twice")
  func killed() async throws {
    let address = try PostgresServer.newSchema()
    let platform = try await FaultyPlatform.start(PlatformFaults(seed: 0, perTenThousand: [:]))
    let world = try await OutsideWorld.start()
    let first = try await CrashHouse(
      platform: platform, world: world, store: "\"\(address)\"\ninstances: { lease: \(Self.lease)s }")
    // The keys are made at the first start, and are the same for both.
    let begun = RestartingService(in: first.folder)
    try await begun.start()
    #expect(await begun.stop() == 0)
    let folder = FileManager.default.temporaryDirectory.appending(path: "openclaw-second-\(UUID().uuidString)")
    try FileManager.default.copyItem(at: first.folder, to: folder)
    defer { try? FileManager.default.removeItem(at: folder) }
    let instances = [RestartingService(in: first.folder), RestartingService(in: folder)]
    let loads = instances.enumerated().map { CrashLoad(platform: platform, world: world, service: $1, name: "i\($0)") }
    let waits = Waits()
    let isOver = Flag()

    try await withThrowingTaskGroup(of: Void.self) { group in
      for load in loads {
        for number in 1...6 { group.addTask { try await load.read(in: "R\(number)") { _ in isOver.isSet } } }
        for number in 1...2 { group.addTask { try await load.write(in: "W\(number)") { _ in isOver.isSet } } }
      }
      for number in 1...4 {
        group.addTask {
          try await Self.ask(in: "T\(number)", of: instances, platform: platform, waits: waits) { isOver.isSet }
        }
      }
      try await withThrowingTaskGroup(of: Void.self) { lives in
        // One is killed and starts anew; the other lives on.
        for (index, service) in instances.enumerated() {
          lives.addTask {
            for _ in 0..<(kills + index) / 2 {
              try await service.live(until: .afterListening(.milliseconds(.random(in: 200...3000))))
            }
            try await service.start()
          }
        }
        try await lives.waitForAll()
      }
      isOver.set()
      try await group.waitForAll()
    }
    try await platform.book.waitUntilOpen(atMost: 0)
    for service in instances { #expect(await service.stop() == 0) }
    print(
      "two instances: \(kills) kills, \(waits.count) timed answers, the slowest after \(waits.longest); lease \(Self.lease) s")
    #expect(waits.count > kills)
    try await first.expectOrder(on: platform, in: world)
  }

  /// Says one thing after another to whichever instance, and notes how long after its acknowledgement each was answered.
  private static func ask(
    in group: String, of instances: [RestartingService], platform: FaultyPlatform, waits: Waits, until hasEnded: () -> Bool
  ) async throws {
    var count = 0
    while !hasEnded() {
      count += 1
      let id = "\(group)-\(count)"
      platform.book.offer(.init(id: id, path: "/v2/groups/\(group)/messages", answer: id))
      let event = QQPlatform.groupMessage(id, "/echo \(id)", from: "ALICE", in: group)
      while true {
        let port = try await instances[Int.random(in: 0..<instances.count)].port()
        if let answer = try? await QQPlatform.deliver(event, to: port), answer.status == 200 { break }
        try Task.checkCancellation()
      }
      let acknowledged = ContinuousClock.now
      _ = try await platform.book.words(to: id)
      waits.note(ContinuousClock.now - acknowledged)
    }
  }

  private final class Waits: Sendable {
    private let state = Mutex((count: 0, longest: Duration.zero))
    var count: Int { state.withLock(\.count) }
    var longest: Duration { state.withLock(\.longest) }
    func note(_ wait: Duration) { state.withLock { $0 = ($0.count + 1, max($0.longest, wait)) } }
  }
}
