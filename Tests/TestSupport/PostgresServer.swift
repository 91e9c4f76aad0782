import CPostgres
import Foundation

/// The PostgreSQL server that `scripts/with-postgres` started for the tests, seen without any code of ours.
package enum PostgresServer {
  /// Nil where there is none: tests that need it are left out.
  package static let address = ProcessInfo.processInfo.environment["TEST_POSTGRES"]

  package static let absence = "no PostgreSQL server: run the tests with scripts/with-postgres"

  struct Unavailable: Error, CustomStringConvertible {
    let description: String
  }

  /// Makes an empty schema and returns an address that leads into it.
  package static func newSchema() throws -> String {
    guard let address else { throw Unavailable(description: absence) }
    return try newSchema(at: address)
  }

  package static func newSchema(at address: String) throws -> String {
    let name = "t\(UUID().uuidString.lowercased().filter { $0 != "-" })"
    try execute("CREATE SCHEMA \(name)", at: address)
    return "\(address)&options=-csearch_path%3D\(name)"
  }

  /// Runs one statement on a connection of its own; returns the first column of the answer.
  @discardableResult
  package static func execute(_ sql: String, at address: String) throws -> [String] {
    let connection = PQconnectdb(address)
    defer { PQfinish(connection) }
    PQsetNoticeProcessor(connection, { _, _ in }, nil)
    let result = PQexec(connection, sql)
    defer { PQclear(result) }
    guard let result, [PGRES_TUPLES_OK, PGRES_COMMAND_OK].contains(PQresultStatus(result)) else {
      throw Unavailable(description: PQerrorMessage(connection).map { String(cString: $0) } ?? "no connection")
    }
    return (0..<PQntuples(result)).map { row in PQgetvalue(result, row, 0).map { String(cString: $0) } ?? "" }
  }
}
