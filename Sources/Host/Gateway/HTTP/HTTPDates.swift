import Core
import Operations
import Synchronization

/// The text of the `Date` header, made once a second.
final class HTTPDates: Sendable {
  private let latest = Mutex((second: Int64.min, text: ""))

  func text(at now: Timestamp) -> String {
    latest.withLock { latest in
      if latest.second != now.seconds { latest = (now.seconds, CivilTime(now).httpDate) }
      return latest.text
    }
  }
}
