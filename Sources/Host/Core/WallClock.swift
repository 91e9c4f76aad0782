import Foundation
import Synchronization

/// Where the time of day comes from; tests hand in a clock of their own.
package struct WallClock: Sendable {
  private let read: @Sendable () -> Timestamp
  private let raise: @Sendable (Timestamp) -> Void

  package init(_ read: @escaping @Sendable () -> Timestamp) {
    self.init(read, raise: { _ in })
  }

  private init(_ read: @escaping @Sendable () -> Timestamp, raise: @escaping @Sendable (Timestamp) -> Void) {
    self.read = read
    self.raise = raise
  }

  package func now() -> Timestamp { read() }

  /// Goes on from `mark`, a time that is known to have been, when it is behind it. A steady clock does; any other stays as it is.
  package func goOn(from mark: Timestamp) { raise(mark) }

  /// The machine's clock.
  package static let system = WallClock {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Timestamp(milliseconds: Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000)
  }
}

extension WallClock {
  /// A clock for deadlines and due times: follows `wall`, but when that is set back it goes on at the pace of `elapsed`.
  ///
  /// Set forward, what waits ends early, which is safe; set back, nothing stands still and nothing lasts longer than it may.
  ///
  /// - Parameter elapsed: time since some fixed moment; never goes back.
  package static func steady(
    _ wall: WallClock = .system, elapsed: (@Sendable () -> Duration)? = nil
  ) -> WallClock {
    let elapsed = elapsed ?? sinceStart()
    let last = Mutex((time: wall.now(), elapsed: elapsed()))
    let read: @Sendable () -> Timestamp = {
      last.withLock { last in
        let elapsed = elapsed()
        let expected = last.time.advanced(by: elapsed - last.elapsed)
        last = (max(wall.now(), expected), elapsed)
        return last.time
      }
    }
    return WallClock(read) { mark in last.withLock { $0.time = max($0.time, mark) } }
  }

  private static func sinceStart() -> @Sendable () -> Duration {
    let start = ContinuousClock.now
    return { ContinuousClock.now - start }
  }
}
