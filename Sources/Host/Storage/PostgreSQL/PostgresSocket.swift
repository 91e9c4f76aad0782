import Foundation

/// Waiting for a socket, with a deadline.
enum PostgresSocket {
  /// Returns whether something happened on `socket` before `deadline`; also when `interrupt` became readable.
  static func wait(
    _ socket: Int32, for events: Int32, orReadable interrupt: Int32 = -1, until deadline: ContinuousClock.Instant
  ) throws(PostgresError) -> Bool {
    // A negative descriptor is left out.
    var entries = [
      pollfd(fd: socket, events: Int16(events), revents: 0), pollfd(fd: interrupt, events: Int16(POLLIN), revents: 0),
    ]
    while true {
      let (seconds, attoseconds) = max(.zero, deadline - .now).components
      let milliseconds = min(seconds, 86_400) * 1000 + (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000
      let ready = poll(&entries, nfds_t(entries.count), Int32(milliseconds))
      if ready >= 0 { return ready > 0 }
      guard errno == EINTR else {
        throw PostgresError(.connectionLost, "cannot wait for the database server: \(String(cString: strerror(errno)))")
      }
    }
  }
}
