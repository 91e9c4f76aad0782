import Core
import Synchronization
import Testing

@Suite("The clock of deadlines")
struct SteadyClockTests {
  @Test("follows the wall forward, and goes on at its own pace when the wall is set back")
  func steps() {
    let wall = Mutex(Timestamp(seconds: 1_000))
    let elapsed = Mutex(Duration.zero)
    let clock = WallClock.steady(WallClock { wall.withLock { $0 } }, elapsed: { elapsed.withLock { $0 } })
    func pass(_ seconds: Int64, wallNow: Int64) -> Int64 {
      elapsed.withLock { $0 += .seconds(seconds) }
      wall.withLock { $0 = Timestamp(seconds: wallNow) }
      return clock.now().seconds
    }
    #expect(pass(5, wallNow: 1_005) == 1_005)
    #expect(pass(5, wallNow: 4_600) == 4_600)
    #expect(pass(5, wallNow: 1_015) == 4_605)
    #expect(pass(60, wallNow: 1_075) == 4_665)
    #expect(pass(60, wallNow: 9_000) == 9_000)
  }
}

extension SteadyClockTests {
  @Test("goes on from a time that is known to have been, at its own pace")
  func marks() {
    let wall = Mutex(Timestamp(seconds: 1_000))
    let elapsed = Mutex(Duration.zero)
    let clock = WallClock.steady(WallClock { wall.withLock { $0 } }, elapsed: { elapsed.withLock { $0 } })
    clock.goOn(from: Timestamp(seconds: 5_000))
    #expect(clock.now() == Timestamp(seconds: 5_000))
    elapsed.withLock { $0 += .seconds(60) }
    wall.withLock { $0 = Timestamp(seconds: 1_060) }
    #expect(clock.now() == Timestamp(seconds: 5_060))
    clock.goOn(from: Timestamp(seconds: 10))
    wall.withLock { $0 = Timestamp(seconds: 5_070) }
    #expect(clock.now() == Timestamp(seconds: 5_070))
  }
}
