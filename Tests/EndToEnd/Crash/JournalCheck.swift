import Audit
import Core
import Foundation
import GRDB
import Storage

/// Looks at the data folder of a service that does not run.
enum JournalCheck {
  /// What must be there.
  struct Promises: Sendable {
    /// Ids of messages whose acknowledgement had left.
    var acknowledged: Set<String> = []
    /// Replies that had left: the message that they answer, and their number.
    var said: Set<Saying> = []
    /// Changes of the outside world that had been asked for, as the arguments of their calls.
    var effects: Set<String> = []

    struct Saying: Hashable, Sendable {
      let messageID: String
      let sequence: Int64
    }
  }

  /// Opens the store as the service does at a start, and says what does not hold.
  static func problems(in data: URL, promises: Promises = Promises()) async throws -> [String] {
    let path = data.appending(path: "openclaw.db").path
    let store = try Store(path: path)
    let report = try await AuditVerifier.verify(store)
    try store.close()
    var problems = report.defect.map { ["audit record \($0.sequence): \($0.reason)"] } ?? []
    let database = try DatabaseQueue(path: path)
    defer { try? database.close() }
    let integrity = try await database.read { try String.fetchAll($0, sql: "PRAGMA integrity_check") }
    if integrity != ["ok"] { problems += integrity.prefix(3) }
    let known = try await database.read { database in
      (
        events: Set(try String.fetchAll(database, sql: "SELECT message_id FROM event")),
        said: Set(
          try Row.fetchAll(database, sql: "SELECT answers, sequence FROM outbox WHERE answers IS NOT NULL AND state <> 'held'")
            .map { Promises.Saying(messageID: $0["answers"], sequence: $0["sequence"]) }),
        claimed: Set(
          try String.fetchAll(
            database, sql: "SELECT arguments FROM write_call WHERE state IN ('claimed', 'unknown', 'succeeded', 'failed')"))
      )
    }
    problems += promises.acknowledged.subtracting(known.events).map { "\($0) was acknowledged and is lost" }
    problems += promises.said.subtracting(known.said).map { "\($0) was said and is forgotten" }
    problems += promises.effects.subtracting(known.claimed).map { "\($0) was begun and is not claimed" }
    // Without it nobody can tell any more whom the audit records speak of.
    let key = try? Data(contentsOf: data.appending(path: "keys/audit"))
    if report.heads > 0, key?.count != 32 { problems.append("the key of the audit log is lost") }
    return problems
  }
}
