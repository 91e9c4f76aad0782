import Core
import Foundation
import Logging
@testable import Storage
import TestSupport
import Testing

@testable import Audit

@Suite("Whoever changes the log", .timeLimit(.minutes(5)))
struct TamperTests {
  private static let columns = [
    ("audit_head", "seq"), ("audit_head", "head"), ("audit_head", "hash"), ("audit_checkpoint", "size"),
    ("audit_checkpoint", "note"), ("audit_checkpoint", "nodes"), ("audit_manifest", "last"), ("audit_manifest", "manifest"),
    ("audit_body", "salt"), ("audit_body", "body"),
  ]

  /// The same value with one byte or digit changed, at a place that the dice pick.
  private static func changed(_ value: SQLValue, _ dice: inout SplitMix) -> SQLValue {
    switch value {
    case .null: return .integer(0)
    case .integer(let number): return .integer(number + [1_000_000, 1, -1][Int.random(in: 0...2, using: &dice)])
    case .blob(var bytes):
      bytes[Int.random(in: 0..<bytes.count, using: &dice)] ^= 1 << UInt8.random(in: 0...7, using: &dice)
      return .blob(bytes)
    case .text(let text):
      var scalars = Array(text.unicodeScalars)
      let place = Int.random(in: 0..<scalars.count, using: &dice)
      let others = Array("0123456789abcdefxyz \"{},:=/+A".unicodeScalars).filter { $0 != scalars[place] }
      scalars[place] = others[Int.random(in: 0..<others.count, using: &dice)]
      var changed = String.UnicodeScalarView()
      changed.append(contentsOf: scalars)
      return .text(String(changed))
    }
  }

  @Test("by one byte anywhere, in any column of any row, is found out", arguments: StoreKind.tested)
  func oneByte(kind: StoreKind) async throws {
    let ledger = try Ledger(on: kind)
    try await ledger.lived()
    let report = try await ledger.verify()
    #expect(report.defect == nil && report.first > 1 && report.signed > report.first, "\(report)")
    var dice = SplitMix(state: 6)
    for round in 0..<20 {
      for (table, column) in Self.columns {
        let key = table == "audit_checkpoint" ? "size" : table == "audit_manifest" ? "last" : "seq"
        let rows = try await ledger.store.read { try $0.rows("SELECT \(key), \(column) AS changed FROM \(table)", []) }
        let row = rows[Int.random(in: 0..<rows.count, using: &dice)]
        let (id, old) = (try row.value(of: key), try row.value(of: "changed"))
        let new = Self.changed(old, &dice)
        // A number that another row has already cannot be written at all.
        let taken = column == key && rows.contains { $0.values[0] == new }
        let defect = try await ledger.defect { transaction in
          guard !taken else { return }
          try transaction.run("UPDATE \(table) SET \(column) = ? WHERE \(key) = ?", SQLArguments([new, id]))
        }
        #expect((defect == nil) == taken, "round \(round): \(table).\(column) of \(id): \(old) -> \(new)")
      }
    }
    #expect(try await ledger.verify() == report)
  }

  @Test("by taking records away, putting them in, or changing their order is found out", arguments: StoreKind.tested)
  func rows(kind: StoreKind) async throws {
    let ledger = try Ledger(on: kind)
    try await ledger.lived()
    let last = try await ledger.size()
    let first = try await ledger.verify().first
    let changes: [(String, @Sendable (Transaction) throws -> Void)] = [
      ("the first", { try $0.run("DELETE FROM audit_head WHERE seq = ?", [first]) }),
      ("one within", { try $0.run("DELETE FROM audit_head WHERE seq = ?", [last - 4]) }),
      ("all that were not signed, and one more", { try $0.run("DELETE FROM audit_head WHERE seq > ?", [last - 3]) }),
      ("all", { try $0.run("DELETE FROM audit_head", []) }),
      (
        "two in turn",
        {
          try $0.run("UPDATE audit_head SET seq = 1000000 WHERE seq = ?", [last - 1])
          try $0.run("UPDATE audit_head SET seq = ? WHERE seq = ?", [last - 1, last])
          try $0.run("UPDATE audit_head SET seq = ? WHERE seq = 1000000", [last])
        }
      ),
      (
        "a second of the same",
        { try $0.run("INSERT INTO audit_head SELECT \(last + 1), head, hash FROM audit_head WHERE seq = ?", [last]) }
      ),
      ("the manifests", { try $0.run("DELETE FROM audit_manifest", []) }),
      ("the last manifest", { try $0.run("DELETE FROM audit_manifest WHERE last = ?", [first - 1]) }),
      ("the first manifest", { try $0.run("DELETE FROM audit_manifest WHERE last < ?", [first - 1]) }),
    ]
    for (what, change) in changes {
      #expect(try await ledger.defect(after: change) != nil, "\(what)")
    }
  }

  @Test("by deleting bodies does no harm to the log", arguments: StoreKind.tested)
  func bodies(kind: StoreKind) async throws {
    let ledger = try Ledger(on: kind)
    try await ledger.lived()
    #expect(try await ledger.defect { try $0.run("DELETE FROM audit_body", []) } == nil)
  }

  @Test("by writing it anew from the start, hashes and all, is found out by the key that the store does not have")
  func rewritten() async throws {
    let ledger = try Ledger()
    try await ledger.append(8)
    try await ledger.keeper.sign()
    let forger = try CheckpointSigner(seed: Data(repeating: 9, count: 32))
    let trail = ledger.trail
    let forge: @Sendable (Transaction) throws -> Void = { transaction in
      for table in ["audit_head", "audit_body", "audit_checkpoint"] { try transaction.run("DELETE FROM \(table)", []) }
      var tree = CompactRange()
      for _ in 0..<8 {
        try trail.append(AuditRecord(.callDecided, outcome: "deny"), in: transaction)
        if let last = try transaction.lastAuditHash() { tree.append(last.hash) }
      }
      try transaction.keep(CheckpointRow(size: 8, note: try forger.sign(tree), nodes: tree.bytes))
      try transaction.run("DELETE FROM setting WHERE name = 'audit.key'", [])
      _ = try transaction.adopt(forger.verifier)
    }
    #expect(try await ledger.defect(after: forge) != nil)
    #expect(try await ledger.defect(after: forge, with: forger.verifier) == nil)
  }

  @Test("is refused by the database, unless a manifest stands for what is deleted", arguments: StoreKind.tested)
  func triggers(kind: StoreKind) async throws {
    let ledger = try Ledger(on: kind)
    try await ledger.lived()
    let first = try await ledger.verify().first
    for sql in [
      "UPDATE audit_head SET head = 'x'", "DELETE FROM audit_head WHERE seq = \(first)", "UPDATE audit_checkpoint SET note = 'x'",
      "DELETE FROM audit_checkpoint WHERE size >= \(first)", "UPDATE audit_manifest SET manifest = 'x'",
      "DELETE FROM audit_manifest",
    ] {
      await #expect(throws: StoreError.self, "\(sql)") { try await ledger.store.write { try $0.run(sql, []) } }
    }
    #expect(try await ledger.verify().defect == nil)
  }
}
