import Core
import Synchronization

/// How late it is known to have been, kept in the store: a clock that is set back, even while the service is down, brings no deadline
/// back to life.
///
/// It rides along with what is written anyway, once a second at most. Whoever opens the store goes on from there: see
/// `WallClock.goOn`. A PostgreSQL store does not need it: its time is the server's.
final class TimeMark: Sendable {
  static let setting = "time"
  private static let pause = Duration.seconds(1)

  private let last = Mutex(Timestamp(milliseconds: 0))

  /// Keeps the time of the transaction when the mark has fallen behind it.
  func keep(in transaction: Transaction) throws {
    let now = transaction.now
    let isDue = last.withLock { last in
      guard now.since(last) >= Self.pause else { return false }
      last = now
      return true
    }
    guard isDue else { return }
    try transaction.run(
      """
      INSERT INTO setting (name, value) VALUES (?, ?)
      ON CONFLICT (name) DO UPDATE SET value = excluded.value WHERE setting.value < excluded.value
      """, [Self.setting, String(now.milliseconds)])
  }
}
