import Core
import Foundation
import TestSupport
import Testing

/// How often the database's server is killed under the service.
private let kills = ProcessInfo.processInfo.environment["OPENCLAW_DATABASE_KILLS"].flatMap { Int($0) } ?? 8

@Suite(
  "The database killed under the service", .enabled(if: PostgresServer.address != nil, "\(PostgresServer.absence)"),
  .timeLimit(.minutes(10)))
struct DatabaseKillTests {
  @Test(
    "again and again under load, the service at times too: every acknowledged event is answered once and in order, no effect twice"
  )
  func killed() async throws {
    let cluster = try await PostgresCluster()
    let platform = try await FaultyPlatform.start(PlatformFaults(seed: 0, perTenThousand: [:]))
    let world = try await OutsideWorld.start()
    let house = try await CrashHouse(
      platform: platform, world: world, store: "\"\(cluster.address)\"\ninstances: { lease: 2s }")
    let service = RestartingService(in: house.folder)
    let load = CrashLoad(platform: platform, world: world, service: service, changesMayFail: true)
    let isOver = Flag()
    try await service.start()

    let (acknowledged, made) = try await withThrowingTaskGroup(of: (Int, Int).self) { group in
      for number in 1...10 { group.addTask { (try await load.read(in: "R\(number)") { _ in isOver.isSet }, 0) } }
      for number in 1...4 { group.addTask { (0, try await load.write(in: "W\(number)") { _ in isOver.isSet }) } }
      for number in 1...kills {
        // The moment is the point: nothing tells when it has come.
        try await Task.sleep(for: .milliseconds(.random(in: 200...1500)))
        await cluster.kill(number.isMultiple(of: 2) ? SIGKILL : SIGQUIT)
        if number.isMultiple(of: 4) { await service.kill() }
        try await Task.sleep(for: .milliseconds(.random(in: 0...500)))
        try await cluster.start()
        if number.isMultiple(of: 4) { try await service.start() }
      }
      isOver.set()
      return try await group.reduce(into: (0, 0)) { $0 = ($0.0 + $1.0, $0.1 + $1.1) }
    }
    try await platform.book.waitUntilOpen(atMost: 0)
    #expect(await service.stop() == 0)
    print("database: \(kills) kills, \(acknowledged) acknowledged, \(platform.book.repeats) resent")
    print("database: \(world.total) effects, \(made) of them told")
    #expect(acknowledged > kills)
    #expect(made > 0)
    try await house.expectOrder(on: platform, in: world)
  }
}
