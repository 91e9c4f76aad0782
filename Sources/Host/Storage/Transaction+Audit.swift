package import Foundation

/// One stored head of the audit log.
package struct AuditRow: Sendable {
  package let sequence: Int64
  /// Canonical JSON.
  package let head: String
  package let hash: Data
  /// Salt and body, until retention deletes them.
  package let body: (salt: Data, text: String)?

  package init(sequence: Int64, head: String, hash: Data, body: (salt: Data, text: String)?) {
    self.sequence = sequence
    self.head = head
    self.hash = hash
    self.body = body
  }
}

extension Transaction {
  /// The last sequence number and hash; nil for an empty log.
  package func lastAuditHash() throws -> (sequence: Int64, hash: Data)? {
    try row("SELECT seq, hash FROM audit_head ORDER BY seq DESC LIMIT 1", []).map { (try $0["seq"], try $0["hash"]) }
  }

  /// Appends a head with its body. The caller has chained it.
  package func appendAudit(sequence: Int64, head: String, hash: Data, salt: Data, body: String) throws {
    try run("INSERT INTO audit_head (seq, head, hash) VALUES (?, ?, ?)", [sequence, head, hash])
    try run("INSERT INTO audit_body (seq, salt, body) VALUES (?, ?, ?)", [sequence, salt, body])
  }

  /// Up to `limit` rows after `sequence`, in order.
  package func auditRows(after sequence: Int64, limit: Int) throws -> [AuditRow] {
    try rows(
      """
      SELECT audit_head.seq AS seq, head, hash, salt, body FROM audit_head LEFT JOIN audit_body USING (seq)
      WHERE audit_head.seq > ? ORDER BY audit_head.seq LIMIT ?
      """, [sequence, limit]
    ).map { row in
      let salt: Data? = try row["salt"]
      let text: String? = try row["body"]
      let body = salt.flatMap { salt in text.map { (salt: salt, text: $0) } }
      return AuditRow(sequence: try row["seq"], head: try row["head"], hash: try row["hash"], body: body)
    }
  }
}
