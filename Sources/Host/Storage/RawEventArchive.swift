package import Core
import Crypto
package import Foundation

/// Raw events in the database, each encrypted with AES-GCM and bound to its channel and request id. Bounded in number, bytes and age.
package struct RawEventArchive: RawEventStore {
  /// How much is kept at most.
  package struct Limits: Sendable {
    package var events = 10_000
    package var bytes: Int64 = 64 << 20
    package var age = Duration.seconds(7 * 86_400)

    package init() {}
  }

  /// Rows that one statement deletes: every other writer waits for it.
  private static let step = 500

  private let store: Store
  private let key: SymmetricKey
  private let limits: Limits

  /// - Parameter key: 32 bytes of this installation.
  package init(store: Store, key: Data, limits: Limits = Limits()) {
    self.store = store
    self.key = SymmetricKey(data: key)
    self.limits = limits
  }

  package func keep(_ events: [RawEvent]) async throws {
    let rows = try events.map { event in
      (event: event, sealed: try AES.GCM.seal(event.body, using: key, authenticating: Self.context(of: event)).combined ?? Data())
    }
    try await store.write { [limits] transaction in
      for row in rows {
        // `total` is the running sum of sizes: how much is kept is the difference of two rows.
        try transaction.run(
          """
          INSERT INTO raw_event (channel, type, request_id, at, size, total, body)
          VALUES (?1, ?2, ?3, ?4, ?5, ?5 + COALESCE((SELECT total FROM raw_event ORDER BY id DESC LIMIT 1), 0), ?6)
          """,
          [
            row.event.channel, row.event.type, row.event.requestID.description, row.event.receivedAt.milliseconds,
            row.sealed.count, row.sealed,
          ])
      }
      try transaction.run(
        """
        DELETE FROM raw_event WHERE id IN (SELECT id FROM raw_event ORDER BY id LIMIT ?3)
          AND (id <= (SELECT MAX(id) FROM raw_event) - ?1
            OR total <= (SELECT total FROM raw_event ORDER BY id DESC LIMIT 1) - ?2)
        """, [limits.events, limits.bytes, max(Self.step, 2 * rows.count)])
    }
  }

  package func dropOld() async throws -> Bool {
    try await store.write { [limits] transaction in
      let oldest = transaction.now.advanced(by: .zero - limits.age)
      // The first rows are the oldest: they alone are looked at.
      let deleted = try transaction.run(
        "DELETE FROM raw_event WHERE id IN (SELECT id FROM raw_event ORDER BY id LIMIT ?1) AND at < ?2",
        [Self.step, oldest.milliseconds])
      return deleted == Self.step
    }
  }

  /// The newest events that fit, newest first. One that was written under another key comes with an empty body.
  ///
  /// - Parameters:
  ///   - requestID: as it stands in the log; nil for all.
  ///   - type: the label under which it was ignored; nil for all.
  package func newest(requestID: String? = nil, type: String? = nil, limit: Int) async throws -> [RawEvent] {
    try await store.read { [key] transaction in
      try transaction.rows(
        """
        SELECT channel, type, request_id, at, body FROM raw_event
        WHERE (?1 IS NULL OR request_id = ?1) AND (?2 IS NULL OR type = ?2) ORDER BY id DESC LIMIT ?3
        """, [requestID, type, limit]
      ).compactMap { row in
        guard let id = RequestID(try row["request_id"] as String) else { return nil }
        let shell = RawEvent(
          channel: try row["channel"], type: try row["type"], requestID: id, receivedAt: Timestamp(milliseconds: try row["at"]),
          body: [])
        guard let box = try? AES.GCM.SealedBox(combined: try row["body"] as Data),
          let body = try? AES.GCM.open(box, using: key, authenticating: Self.context(of: shell))
        else { return shell }
        return RawEvent(
          channel: shell.channel, type: shell.type, requestID: id, receivedAt: shell.receivedAt, body: Array(body))
      }
    }
  }

  private static func context(of event: RawEvent) -> Data {
    Data("\(event.channel)\u{0}\(event.type)\u{0}\(event.requestID)".utf8)
  }
}
