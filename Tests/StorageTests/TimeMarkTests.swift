import Core
import Storage
import Synchronization
import TestSupport
import Testing

@Suite("The clock of the store (T15)")
struct TimeMarkTests {
  @Test("goes on where it was when the machine's clock was set back while the service was down")
  func setBack() async throws {
    let wall = Mutex(Timestamp(seconds: 1_800_000_000))
    let clock = { WallClock.steady(WallClock { wall.withLock { $0 } }, elapsed: { .zero }) }
    let temporary = try TemporaryStore(clock: clock())
    try await temporary.store.write { try $0.set("x", forSetting: "any") }
    wall.withLock { $0 = $0.advanced(by: .seconds(3_600)) }
    try await temporary.store.write { try $0.set("y", forSetting: "any") }
    wall.withLock { $0 = $0.advanced(by: .seconds(-7_200)) }
    let reopened = try temporary.reopened(clock: clock())
    let now = try await reopened.write { $0.now }
    #expect(now == Timestamp(seconds: 1_800_003_600))
    #expect(try await reopened.read { $0.now } == now)
    wall.withLock { $0 = $0.advanced(by: .seconds(7_300)) }
    #expect(try await reopened.read { $0.now } == Timestamp(seconds: 1_800_003_700))
  }
}

@Suite("Wrong codes in the store (T2)")
struct CodeGuessTests {
  @Test("are remembered by sender over a restart, and forgotten when their time has come", arguments: StoreKind.tested)
  func remembered(kind: StoreKind) async throws {
    let now = Mutex(Timestamp(seconds: 1_800_000_000))
    let clock = WallClock { now.withLock { $0 } }
    let temporary = try TemporaryStore(on: kind, clock: clock)
    let guesses = CodeGuesses(misses: [clock.now()], mutedUntil: clock.now().advanced(by: .seconds(60)))
    try await temporary.store.write { transaction in
      try transaction.remember(guesses, of: "a", until: transaction.now.advanced(by: .seconds(60)))
      try transaction.remember(CodeGuesses(misses: [transaction.now]), of: "b", until: transaction.now.advanced(by: .seconds(10)))
    }
    let reopened = try temporary.reopened(clock: clock)
    #expect(try await reopened.read { try $0.guesses(of: "a") } == guesses)
    #expect(try await reopened.read { try $0.guesses(of: "c") } == CodeGuesses())
    now.withLock { $0 = $0.advanced(by: .seconds(10)) }
    try await reopened.write { transaction in
      try transaction.remember(guesses, of: "c", until: transaction.now.advanced(by: .seconds(60)))
    }
    #expect(try await reopened.read { try $0.guesses(of: "b") } == CodeGuesses())
    #expect(try await reopened.read { try $0.guesses(of: "a") } == guesses)
  }
}
