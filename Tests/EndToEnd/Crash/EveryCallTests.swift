import Core
import Foundation
import Testing

/// Of the calls, every how many-th is tried; beginning with another one each time.
private let step = ProcessInfo.processInfo.environment["OPENCLAW_CRASH_STEP"].flatMap { Int($0) } ?? 24

@Suite("Killed before a call of the system", .timeLimit(.minutes(40)))
struct EveryCallTests {
  private static let lanes = 3
  /// Far more calls than the scenario has.
  private static let mostCalls = 5_000

  @Test("wherever between two changes of its files: from the first start to the orderly end everything is done once")
  func everyCall() async throws {
    let platform = try await FaultyPlatform.start(PlatformFaults(seed: 0, perTenThousand: [:]))
    let world = try await OutsideWorld.start()
    let first = Int.random(in: 1...step)
    let runs = try await withThrowingTaskGroup(of: Int.self) { group in
      for lane in 0..<Self.lanes {
        group.addTask {
          let lives = try await ShortLives(platform: platform, world: world)
          var runs = 0
          for call in stride(from: first + lane * step, to: Self.mostCalls, by: Self.lanes * step) {
            guard try await lives.run(killedAt: call) else { break }
            runs += 1
          }
          return runs
        }
      }
      return try await group.reduce(0, +)
    }
    print("killed before \(runs) calls, every \(step). from \(first); effects: \(world.total)")
    #expect(runs > 200 / step)
    #expect(platform.book.open.isEmpty)
    #expect(platform.book.violations.isEmpty, "\(platform.book.violations.prefix(5))")
    #expect(world.repeated.isEmpty, "\(world.repeated)")
  }
}

/// The same short story again and again, from a fresh data folder on.
private struct ShortLives {
  private let platform: FaultyPlatform
  private let world: OutsideWorld
  private let house: CrashHouse
  private let shim: CrashShim
  private let fresh: URL

  init(platform: FaultyPlatform, world: OutsideWorld) async throws {
    self.platform = platform
    self.world = world
    house = try await CrashHouse(platform: platform, world: world)
    shim = try await CrashShim.built(in: house.folder)
    fresh = house.folder.appending(path: "fresh")
    try FileManager.default.copyItem(at: house.data, to: fresh)
  }

  /// Lives once until that call and, when there was one, once more to the end; false when the story has fewer calls.
  func run(killedAt call: Int) async throws -> Bool {
    try FileManager.default.removeItem(at: house.data)
    try FileManager.default.copyItem(at: fresh, to: house.data)
    let service = RestartingService(in: house.folder, shim: shim)
    let load = CrashLoad(platform: platform, world: world, service: service, name: "call-\(call)-")
    // It goes on from one life to the next.
    let story = Task {
      async let one = load.read(in: "R1") { $0 == 2 }
      async let two = load.read(in: "R2") { $0 == 2 }
      async let change = load.write(in: "W") { $0 == 1 }
      _ = try await (one, two, change)
      for group in ["R1", "R2"] { _ = try await platform.book.words(to: "call-\(call)-\(group)-2") }
    }
    defer { story.cancel() }
    let wasKilled = try await service.live(until: .endOf(story), orCall: call)
    if wasKilled {
      try await service.start()
      try await story.value
      #expect(await service.stop() == 0, "after call \(call)")
    }
    let problems = try await JournalCheck.problems(in: house.data)
    #expect(problems.isEmpty, "after call \(call): \(problems.prefix(3))")
    return wasKilled
  }
}
