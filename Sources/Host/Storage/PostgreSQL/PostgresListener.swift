import Core
import Foundation
import Synchronization

/// Hears what other instances have written, on a thread and a connection of its own.
final class PostgresListener: Sendable {
  private static let tick = Duration.seconds(1)

  private let address: PostgresAddress
  private let place: PostgresPlace
  private let onRemoteChange: @Sendable () -> Void
  private let onTick: @Sendable () -> Void
  private let isClosed = Mutex(false)
  /// Wakes the thread out of its wait: a pipe whose first end it watches.
  private let interrupt: (watched: Int32, written: Int32)

  /// - Parameters:
  ///   - onRemoteChange: told when another instance has committed something, and when that may have been missed.
  ///   - onTick: told about once a second.
  init(
    _ address: PostgresAddress, place: PostgresPlace, onRemoteChange: @escaping @Sendable () -> Void,
    onTick: @escaping @Sendable () -> Void
  ) {
    self.address = address
    self.place = place
    self.onRemoteChange = onRemoteChange
    self.onTick = onTick
    var ends: [Int32] = [-1, -1]
    // Without descriptors nothing can be heard either; the wait ends after a second all the same.
    if pipe(&ends) == 0 { for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) } }
    interrupt = (ends[0], ends[1])
  }

  deinit {
    Foundation.close(interrupt.watched)
    Foundation.close(interrupt.written)
  }

  func start() {
    let thread = Thread { self.listen() }
    thread.name = "store-listener"
    thread.start()
  }

  /// Lets the thread end soon.
  func close() {
    isClosed.withLock { $0 = true }
    _ = Foundation.write(interrupt.written, [1], 1)
  }

  private func listen() {
    let backoff = Backoff(base: .milliseconds(100), longest: .seconds(2))
    var attempts = 0
    while !isClosed.withLock(\.self) {
      do {
        let connection = try PostgresConnection(address)
        try connection.perform([.plain("LISTEN \(place.channel)")])
        attempts = 0
        onRemoteChange()
        try hear(connection)
      } catch {
        attempts += 1
        onTick()
        _ = try? PostgresSocket.wait(interrupt.watched, for: POLLIN, until: .now + backoff.delay(after: attempts))
      }
    }
  }

  private func hear(_ connection: PostgresConnection) throws(PostgresError) {
    while !isClosed.withLock(\.self) {
      let payloads = try connection.notifications(until: .now + Self.tick, orReadable: interrupt.watched)
      if payloads.contains(where: { $0 != place.instance }) { onRemoteChange() }
      onTick()
    }
  }
}
