import CPostgres

/// Why PostgreSQL did not do what it was asked for. Holds no argument of a statement: those may be message text.
struct PostgresError: Error, Sendable, CustomStringConvertible {
  enum Cause: Sendable, Equatable {
    /// The connection is gone or was never made; what was under way is not known.
    case connectionLost
    /// No answer within the deadline. The connection is of no use any more.
    case timedOut
    /// The server refused a statement, with its SQLSTATE.
    case refused(sqlState: String)
  }

  let cause: Cause
  let message: String

  init(_ cause: Cause, _ message: String) {
    self.cause = cause
    self.message = message
  }

  /// What the server said about a statement.
  init(result: OpaquePointer) {
    let sqlState = Self.field(PG_FIELD_SQLSTATE, of: result) ?? ""
    let isDataException = sqlState.hasPrefix("22")
    // The words of a data exception quote the value.
    let words = isDataException ? nil : Self.field(PG_FIELD_MESSAGE, of: result)
    let cause: Cause = sqlState.isEmpty || Self.endsSession(sqlState) ? .connectionLost : .refused(sqlState: sqlState)
    self.init(
      cause, [words ?? "a value was refused", sqlState.isEmpty ? nil : "(\(sqlState))"].compactMap { $0 }.joined(separator: " "))
  }

  var description: String { message }

  /// Whether the connection must be given up.
  var isConnectionGone: Bool {
    switch cause {
    case .connectionLost, .timedOut: true
    case .refused: false
    }
  }

  /// Whether this is the state of the server and no fault of the statement: it may work later.
  var isTransient: Bool {
    guard case .refused(let sqlState) = cause else { return true }
    // Read-only, out of time for a lock, rolled back for others, out of resources, operator's doing, input and output errors.
    return sqlState == "25006" || sqlState == "55P03" || ["40", "53", "57", "58"].contains { sqlState.hasPrefix($0) }
  }

  /// SQLSTATEs after which the server closes the connection: shut down, crash of another session, idle in a transaction for too long.
  private static func endsSession(_ sqlState: String) -> Bool {
    ["57P01", "57P02", "57P03", "57P05", "25P03"].contains(sqlState) || sqlState.hasPrefix("08")
  }

  private static func field(_ field: Int32, of result: OpaquePointer) -> String? {
    PQresultErrorField(result, field).map { String(cString: $0) }
  }
}
