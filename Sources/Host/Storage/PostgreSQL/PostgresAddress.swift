import CPostgres

/// Which database of which server, and how to log in there: what `postgres://user:password@host:port/database?…` says.
package struct PostgresAddress: Sendable, Equatable, CustomStringConvertible {
  /// As libpq takes them. Holds the password.
  private let parameters: [String: String]

  /// Reads a connection string. A text that cannot be read is not repeated in the error: it may hold a password.
  package init(_ text: String) throws(StoreError) {
    guard let start = ["postgres://", "postgresql://"].first(where: text.hasPrefix) else {
      throw StoreError(.cannotOpen, "the address of a PostgreSQL store must begin with postgres://")
    }
    // A password with an unescaped '@' or '/' would end up in the host or the database, and so in error messages.
    let place = text.dropFirst(start.count).prefix { $0 != "?" }
    let path = place.drop { $0 != "/" }
    guard place.count(where: { $0 == "@" }) <= 1, !path.contains("@"), let parameters = Self.parse(text),
      parameters["port", default: ""].allSatisfy({ $0.isASCII && $0.isNumber || $0 == "," })
    else { throw Self.unreadable }
    self.parameters = parameters
  }

  private static let unreadable = StoreError(
    .cannotOpen,
    """
    the address of the PostgreSQL store cannot be read; write postgres://user:password@host:port/database, with special \
    characters percent-encoded
    """)

  private static func parse(_ text: String) -> [String: String]? {
    guard let options = PQconninfoParse(text, nil) else { return nil }
    defer { PQconninfoFree(options) }
    var parameters: [String: String] = [:]
    var option = options
    while let keyword = option.pointee.keyword {
      if let value = option.pointee.val { parameters[String(cString: keyword)] = String(cString: value) }
      option += 1
    }
    return parameters
  }

  /// What to connect with: the operator's words, and ours where there are none.
  var connectionParameters: [String: String] {
    let defaults = [
      "fallback_application_name": "openclaw",
      // A standby that was promoted is found by itself when several hosts are named.
      "target_session_attrs": "read-write",
      // A peer that vanished without a word is noticed.
      "keepalives_idle": "5", "keepalives_interval": "5", "keepalives_count": "3", "tcp_user_timeout": "5000",
    ]
    return defaults.merging(parameters) { $1 }.merging(["client_encoding": "UTF8"]) { $1 }
  }

  /// For logs: without password.
  package var description: String {
    let user = parameters["user"].map { "\($0)@" } ?? ""
    let port = parameters["port"].map { ":\($0)" } ?? ""
    return "postgres://\(user)\(parameters["host"] ?? "")\(port)/\(parameters["dbname"] ?? "")"
  }
}
