import Foundation
import Testing

@testable import Storage

@Suite("A statement for PostgreSQL")
struct PostgresStatementTests {
  @Test(
    "has numbered parameters, its nulls written out, and no hint for another planner",
    arguments: [
      ("SELECT ?", [.integer(1)], "SELECT $1", [0]),
      ("a = ? AND b = ?", [.text("x"), .integer(1)], "a = $1 AND b = $2", [0, 1]),
      ("?2 ?1 ?2", [.text("x"), .integer(1)], "$1 $2 $1", [1, 0]),
      ("?2 = ?", [.integer(1), .integer(2), .integer(3)], "$1 = $2", [1, 2]),
      ("(?1 IS NULL OR a = ?1) AND b = ?2", [.null, .text("x")], "(NULL IS NULL OR a = NULL) AND b = $1", [1]),
      ("a = '?' AND \"?\" = ? AND c = 'it''s ?'", [.blob(Data())], "a = '?' AND \"?\" = $1 AND c = 'it''s ?'", [0]),
      ("FROM outbox INDEXED BY outbox_pending WHERE a = ?", [.integer(1)], "FROM outbox  WHERE a = $1", [0]),
      ("FROM (SELECT 1 FROM a INDEXED BY b)", [], "FROM (SELECT 1 FROM a )", []),
      ("FROM a INDEXED BY b\nWHERE c", [], "FROM a \nWHERE c", []),
      ("an 'unfinished ?", [], "an 'unfinished ?", []),
    ] as [(String, [SQLValue], String, [Int])])
  func translation(sql: String, arguments: [SQLValue], text: String, taken: [Int]) throws {
    let statement = try PostgresStatement(sql, arguments)
    #expect(statement.text == text)
    #expect(statement.arguments == taken)
  }

  @Test("names the type of each parameter")
  func types() throws {
    let statement = try PostgresStatement("? ? ? ?", [.integer(1), .text(""), .null, .blob(Data())])
    #expect(statement.types == [20, 25, 17])
  }

  @Test("is refused when it names an argument that was not given", arguments: ["?", "?2", "?0", "?99999999999999999999"])
  func missing(sql: String) {
    #expect(throws: PostgresError.self) { try PostgresStatement(sql, sql == "?" ? [] : [.integer(1)]) }
  }
}

@Suite("The address of a PostgreSQL store")
struct PostgresAddressTests {
  @Test(
    "is shown without its password and its options",
    arguments: [
      ("postgres://bot:geheim@db.example:5433/robot?sslmode=require", "postgres://bot@db.example:5433/robot"),
      ("postgresql://bot:ge%40heim@db.example/robot", "postgres://bot@db.example/robot"),
      ("postgres://db.example/robot?user=bot&password=geheim", "postgres://bot@db.example/robot"),
      ("postgres://a:1,b:2/robot", "postgres://a,b:1,2/robot"),
      ("postgres://[::1]:5432/robot", "postgres://::1:5432/robot"),
      ("postgres:///robot?host=/run/postgresql", "postgres:///run/postgresql/robot"),
    ])
  func shown(text: String, description: String) throws {
    let address = try PostgresAddress(text)
    #expect(address.description == description)
    #expect(!"\(address)".contains("heim"))
  }

  @Test(
    "is refused without being repeated when it cannot be read: it may hold a password",
    arguments: [
      "mysql://bot:geheim@host/robot", "postgres:bot:geheim", "postgres://bot:geh@eim@host/robot",
      "postgres://bot:geh/eim@host/robot",
      "postgres://bot:1/geheim@host/robot", "postgres://bot:geheim%zz@host/robot", "postgres://host:geheim/robot",
      "postgres://host/robot?geheim=1",
    ])
  func refused(text: String) {
    let error = #expect(throws: StoreError.self) { try PostgresAddress(text) }
    #expect(error?.message.contains("postgres://") == true)
    for part in ["geh", "eim", "mysql"] { #expect(error?.message.contains(part) == false) }
  }

  @Test("what the operator says about the connection counts, but its text is always UTF-8")
  func parameters() throws {
    let address = try PostgresAddress("postgres://host/robot?tcp_user_timeout=1&client_encoding=LATIN1")
    #expect(address.connectionParameters["tcp_user_timeout"] == "1")
    #expect(address.connectionParameters["client_encoding"] == "UTF8")
    #expect(address.connectionParameters["target_session_attrs"] == "read-write")
  }
}
