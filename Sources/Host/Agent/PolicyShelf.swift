package import Audit
package import Policy
package import Storage

/// The last rules that were in force, kept whole in the store, and the operator's decision to go back to some of them.
///
/// The rule: once rolled back, those rules stay in force, whatever happens to the files, until the operator says `--undo`.
package enum PolicyShelf {
  private static let pin = "policy.pin"

  /// The id of the rules that the operator went back to; nil while the files count.
  package static func pinned(in transaction: Transaction) throws -> String? {
    try transaction.setting(pin).flatMap { $0.isEmpty ? nil : $0 }
  }

  /// Keeps rules of the folder that are in force from now on.
  package static func keep(
    _ snapshot: PolicySnapshot, _ files: PolicyFiles, in transaction: Transaction, audit: AuditTrail
  ) throws {
    try transaction.keep(
      policy: snapshot.id, rules: snapshot.ruleIDs.count, files: files.stored, pinned: try pinned(in: transaction))
    try audit.append(AuditRecord(.policyLoaded, outcome: "loaded", reason: snapshot.id), in: transaction)
  }

  /// Goes back to kept rules. They are in force a moment after the commit.
  package static func rollBack(to id: String, in transaction: Transaction, audit: AuditTrail) throws {
    try transaction.set(id, forSetting: pin)
    try audit.append(AuditRecord(.policyRolledBack, outcome: "rolled_back", reason: id), in: transaction)
  }

  /// Lets the files count again. False when they do already.
  package static func undoRollback(in transaction: Transaction, audit: AuditTrail) throws -> Bool {
    guard let id = try pinned(in: transaction) else { return false }
    try transaction.set("", forSetting: pin)
    try audit.append(AuditRecord(.policyRollbackUndone, outcome: "undone", reason: id), in: transaction)
    return true
  }

  /// What is kept, the latest first, and which of them is in force: that of the pin, else the latest.
  package static func history(in transaction: Transaction) throws -> (kept: [StoredPolicy], current: String?, isPinned: Bool) {
    let (kept, pinned) = (try transaction.policies(), try pinned(in: transaction))
    return (kept, pinned ?? kept.first?.id, pinned != nil)
  }
}
