import Core
import Foundation
import Synchronization
import TestSupport
import Testing

/// How often the service is killed; a fifth as often over PostgreSQL, where whoever follows waits for the dead one's lease.
private let kills = ProcessInfo.processInfo.environment["OPENCLAW_CRASH_KILLS"].flatMap { Int($0) } ?? 150

@Suite("kill -9, again and again", .serialized, .timeLimit(.minutes(kills / 60 + 4)))
struct KillTests {
  private static let readers = 20
  private static let writers = 4

  @Test(
    "at random moments and calls under load: every acknowledged event is answered once and in order, no effect comes twice",
    arguments: StoreKind.tested)
  func random(store: StoreKind) async throws {
    let platform = try await FaultyPlatform.start(PlatformFaults(seed: 0, perTenThousand: [:]))
    let world = try await OutsideWorld.start()
    let house = try await CrashHouse(
      platform: platform, world: world, store: store == .postgres ? try PostgresServer.newSchema() : nil)
    let service = RestartingService(in: house.folder, shim: try await CrashShim.built(in: house.folder))
    let load = CrashLoad(platform: platform, world: world, service: service)
    let isOver = Flag()
    let deaths = store == .postgres ? kills / 5 : kills

    let (acknowledged, made) = try await withThrowingTaskGroup(of: (Int, Int).self) { group in
      for number in 1...Self.readers {
        group.addTask { (try await load.read(in: "R\(number)") { _ in isOver.isSet }, 0) }
      }
      for number in 1...Self.writers {
        group.addTask { (0, try await load.write(in: "W\(number)") { _ in isOver.isSet }) }
      }
      for number in 1...deaths {
        // With PostgreSQL hardly any call changes a file of ours.
        switch number % (store == .postgres ? 2 : 3) {
        case 0: try await service.live(until: .afterStart(.milliseconds(.random(in: 20...300))))
        case 1: try await service.live(until: .afterListening(.milliseconds(.random(in: 0...250))))
        default: try await service.live(until: .afterListening(.seconds(2)), orCall: .random(in: 1...1_000))
        }
      }
      try await service.start()
      isOver.set()
      return try await group.reduce(into: (0, 0)) { $0 = ($0.0 + $1.0, $0.1 + $1.1) }
    }
    try await platform.book.waitUntilOpen(atMost: 0)
    #expect(await service.stop() == 0)
    print("\(store): \(deaths) kills, \(acknowledged) acknowledged, \(platform.book.repeats) resent")
    print("\(store): \(world.total) effects, \(made) of them told")
    #expect(acknowledged > deaths)
    #expect(made > 0)
    try await house.expectOrder(on: platform, in: world)
  }
}

/// Set once, seen by many.
final class Flag: Sendable {
  private let value = Atomic(false)
  var isSet: Bool { value.load(ordering: .relaxed) }
  func set() { value.store(true, ordering: .relaxed) }
}
