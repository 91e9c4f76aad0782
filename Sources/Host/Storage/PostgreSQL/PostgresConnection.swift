import CPostgres
import Foundation

/// One session with a PostgreSQL server, over libpq.
///
/// Nothing here blocks without an end: everything is sent non-blocking and waited for with `poll` until a deadline. It waits all
/// the same, so a connection belongs to one thread that does nothing else, and is not `Sendable`.
final class PostgresConnection {
  /// One thing to be done by the server.
  enum Command {
    /// Without arguments; planned each time.
    case plain(String)
    case statement(sql: String, arguments: [SQLValue])
  }

  /// What a command came to.
  struct Outcome {
    var rows: [SQLRow] = []
    /// Rows that were inserted, updated or deleted; 0 for anything else.
    var changed = 0
    /// What the server calls it: `COMMIT`, `ROLLBACK`, `INSERT 0 1`.
    var tag = ""
  }

  /// How long the answer to one exchange may take. The server's own `statement_timeout` is shorter: it ends a slow statement,
  /// this one a connection whose server does not answer any more.
  static let patience = Duration.seconds(15)
  /// Statements prepared at once on one connection; past it all are forgotten.
  private static let mostPrepared = 500
  /// A longer statement is put together for one use and is not prepared.
  private static let longestPrepared = 8192

  let handle: OpaquePointer
  private var prepared: [StatementKey: PreparedStatement] = [:]
  private var preparedCount = 0
  /// Sent together with the next command that somebody waits for.
  private var postponed: [Command] = []

  private struct StatementKey: Hashable {
    let sql: String
    let kinds: [UInt8]
  }

  private struct PreparedStatement {
    let name: String
    let statement: PostgresStatement
    var isKnownToServer = false
  }

  /// Connects and sets up the session: times after which the server lets go of what a stopped instance holds.
  init(_ address: PostgresAddress, within patience: Duration = .seconds(10)) throws(PostgresError) {
    handle = try Self.connect(address, deadline: .now + patience)
    // Notices would be written to standard error.
    PQsetNoticeReceiver(handle, { _, _ in }, nil)
    guard PQsetnonblocking(handle, 1) == 0, PQenterPipelineMode(handle) == 1 else { throw lost() }
    try perform([
      // A transaction that stands still is ended before those who wait for its lock give up.
      .plain("SET idle_in_transaction_session_timeout = '5s'"), .plain("SET lock_timeout = '8s'"),
      .plain("SET statement_timeout = '10s'"), .plain("SET synchronous_commit = on"),
      .plain("SET bytea_output = 'hex'"), .plain("SET standard_conforming_strings = on"),
    ])
  }

  deinit {
    PQfinish(handle)
  }

  // MARK: Asking

  /// Whether a transaction is open and has failed: nothing but its end is taken.
  var isTransactionBroken: Bool { PQtransactionStatus(handle) == PQTRANS_INERROR }

  /// Sends `command` with the next that is waited for; its failure comes out there.
  func postpone(_ command: Command) {
    postponed.append(command)
  }

  /// Sends the commands in one go, after the postponed ones, and waits for all of them. The first that fails ends the rest.
  ///
  /// - Returns: what each of `commands` came to.
  @discardableResult
  func perform(_ commands: [Command], within patience: Duration = patience) throws(PostgresError) -> [Outcome] {
    let all = postponed + commands
    postponed = []
    guard !all.isEmpty else { return [] }
    let deadline = ContinuousClock.now + patience
    var steps = try forgetWhenFull()
    for command in all { steps += try send(command) }
    guard PQpipelineSync(handle) == 1 else { throw lost() }
    let outcomes = try receive(steps, deadline: deadline)
    return Array(outcomes.suffix(commands.count))
  }

  /// What the server is expected to answer.
  private enum Step {
    case preparation(StatementKey)
    case housekeeping
    case command
  }

  private func send(_ command: Command) throws(PostgresError) -> [Step] {
    switch command {
    case .plain(let text):
      guard PQsendQueryParams(handle, text, 0, nil, nil, nil, nil, 0) == 1 else { throw lost() }
      return [.command]
    case .statement(let sql, let arguments):
      if sql.utf8.count > Self.longestPrepared {
        let statement = try PostgresStatement(sql, arguments)
        try send(statement, named: nil, arguments)
        return [.command]
      }
      let key = StatementKey(sql: sql, kinds: arguments.map(\.kind))
      let known = try prepared(key, arguments)
      var steps: [Step] = []
      if !known.isKnownToServer {
        let sent = known.statement.types.withUnsafeBufferPointer {
          PQsendPrepare(handle, known.name, known.statement.text, Int32($0.count), $0.baseAddress)
        }
        guard sent == 1 else { throw lost() }
        steps.append(.preparation(key))
        // Sent twice in one exchange, it is prepared once.
        prepared[key]?.isKnownToServer = true
      }
      try send(known.statement, named: known.name, arguments)
      return steps + [.command]
    }
  }

  private func prepared(_ key: StatementKey, _ arguments: [SQLValue]) throws(PostgresError) -> PreparedStatement {
    if let known = prepared[key] { return known }
    preparedCount += 1
    let new = PreparedStatement(name: "s\(preparedCount)", statement: try PostgresStatement(key.sql, arguments))
    prepared[key] = new
    return new
  }

  private func forgetWhenFull() throws(PostgresError) -> [Step] {
    guard prepared.count >= Self.mostPrepared else { return [] }
    prepared = [:]
    guard PQsendQueryParams(handle, "DEALLOCATE ALL", 0, nil, nil, nil, nil, 0) == 1 else { throw lost() }
    return [.housekeeping]
  }

  /// - Parameter name: of a prepared statement; nil sends the text.
  private func send(_ statement: PostgresStatement, named name: String?, _ arguments: [SQLValue]) throws(PostgresError) {
    let parameters = PostgresParameters(statement.arguments.map { arguments[$0] })
    let sent = parameters.withPointers { values, lengths, formats in
      let count = Int32(statement.arguments.count)
      guard let name else {
        return statement.types.withUnsafeBufferPointer { types in
          PQsendQueryParams(handle, statement.text, count, types.baseAddress, values, lengths, formats, 0)
        }
      }
      return PQsendQueryPrepared(handle, name, count, values, lengths, formats, 0)
    }
    guard sent == 1 else { throw lost() }
  }

  // MARK: Waiting

  private func receive(_ steps: [Step], deadline: ContinuousClock.Instant) throws(PostgresError) -> [Outcome] {
    var outcomes: [Outcome] = []
    var failure: PostgresError?
    var remaining = steps[...]
    var gaps = 0
    try flush(deadline: deadline)
    while true {
      while PQisBusy(handle) != 0 { try wait(for: POLLIN, deadline: deadline) }
      guard let result = PQgetResult(handle) else {
        // Between two commands; after the last one comes the end of the pipeline.
        gaps += 1
        guard PQstatus(handle) == CONNECTION_OK, gaps <= steps.count else { throw lost() }
        continue
      }
      defer { PQclear(result) }
      switch PQresultStatus(result) {
      case PGRES_PIPELINE_SYNC:
        if let failure { throw failure }
        return outcomes
      case PGRES_TUPLES_OK, PGRES_COMMAND_OK:
        if case .command? = remaining.popFirst() { outcomes.append(PostgresAnswer.outcome(of: result)) }
      case PGRES_PIPELINE_ABORTED:
        forget(remaining.popFirst())
      default:
        let error = PostgresError(result: result)
        if error.isConnectionGone || PQstatus(handle) != CONNECTION_OK {
          throw PostgresError(.connectionLost, error.message)
        }
        forget(remaining.popFirst())
        failure = failure ?? error
      }
    }
  }

  /// A statement whose preparation failed or was left out is not known to the server.
  private func forget(_ step: Step?) {
    if case .preparation(let key)? = step { prepared[key] = nil }
  }

  private func flush(deadline: ContinuousClock.Instant) throws(PostgresError) {
    while true {
      switch PQflush(handle) {
      case 0: return
      case 1: try wait(for: POLLIN | POLLOUT, deadline: deadline)
      default: throw lost()
      }
    }
  }

  private func wait(for events: Int32, deadline: ContinuousClock.Instant) throws(PostgresError) {
    // In slices: TLS may hold bytes back that the socket does not show any more.
    let slice = min(deadline, .now + .milliseconds(200))
    let ready = try PostgresSocket.wait(PQsocket(handle), for: events, until: slice)
    guard ready || ContinuousClock.now < deadline else {
      throw PostgresError(.timedOut, "the database server does not answer")
    }
    guard PQconsumeInput(handle) == 1 else { throw lost() }
  }

  /// The payloads of notifications that have come in, after waiting for the first until `deadline` or until `interrupt` is readable.
  func notifications(until deadline: ContinuousClock.Instant, orReadable interrupt: Int32) throws(PostgresError) -> [String] {
    _ = try PostgresSocket.wait(PQsocket(handle), for: POLLIN, orReadable: interrupt, until: deadline)
    guard PQconsumeInput(handle) == 1 else { throw lost() }
    var payloads: [String] = []
    while let notification = PQnotifies(handle) {
      payloads.append(notification.pointee.extra.map { String(cString: $0) } ?? "")
      PQfreemem(notification)
    }
    return payloads
  }

  /// As libpq numbers them: 150018.
  var serverVersion: Int { Int(PQserverVersion(handle)) }

  private func lost() -> PostgresError {
    PostgresError(.connectionLost, Self.words(of: handle))
  }

  // MARK: Connecting

  private static func connect(_ address: PostgresAddress, deadline: ContinuousClock.Instant) throws(PostgresError)
    -> OpaquePointer
  {
    let parameters = address.connectionParameters
    let names = parameters.map { strdup($0.key) } + [nil]
    let values = parameters.map { strdup($0.value) } + [nil]
    defer { for text in names + values { free(text) } }
    let handle = names.map { UnsafePointer($0) }.withUnsafeBufferPointer { names in
      values.map { UnsafePointer($0) }.withUnsafeBufferPointer { values in
        PQconnectStartParams(names.baseAddress, values.baseAddress, 0)
      }
    }
    guard let handle else { throw PostgresError(.connectionLost, "out of memory") }
    do throws(PostgresError) {
      guard PQstatus(handle) != CONNECTION_BAD else { throw PostgresError(.connectionLost, words(of: handle)) }
      var events = POLLOUT
      while true {
        // The socket may be another one after each step: libpq tries one address after the other.
        guard try PostgresSocket.wait(PQsocket(handle), for: events, until: deadline) else {
          throw PostgresError(.timedOut, "the database server does not answer")
        }
        switch PQconnectPoll(handle) {
        case PGRES_POLLING_OK: return handle
        case PGRES_POLLING_READING: events = POLLIN
        case PGRES_POLLING_WRITING: events = POLLOUT
        default: throw PostgresError(.connectionLost, words(of: handle))
        }
      }
    } catch {
      PQfinish(handle)
      throw error
    }
  }

  /// libpq's words about the connection; they name host, port, user and database, never the password.
  private static func words(of handle: OpaquePointer) -> String {
    let text = PQerrorMessage(handle).map { String(cString: $0) } ?? ""
    let lines = text.split(whereSeparator: \.isNewline).map { $0.trimmingCharacters(in: .whitespaces) }
    return lines.isEmpty ? "the connection to the database server was lost" : lines.joined(separator: "; ")
  }
}

extension SQLValue {
  /// One letter for each kind.
  fileprivate var kind: UInt8 {
    switch self {
    case .null: UInt8(ascii: "n")
    case .integer: UInt8(ascii: "i")
    case .text: UInt8(ascii: "t")
    case .blob: UInt8(ascii: "b")
    }
  }
}
