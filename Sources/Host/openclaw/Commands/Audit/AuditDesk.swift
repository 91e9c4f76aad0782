import Audit

/// What the verbs that write into the audit log, or look into it, have in common.
enum AuditDesk {
  /// The audit log that the service writes to as well.
  static func trail(of configuration: Configuration) throws(CommandFailure) -> AuditTrail {
    guard let key = DataFolder.existingKey("audit", in: configuration.data) else {
      throw CommandFailure(
        .unavailable, code: "no_audit_key", "\(configuration.data)/keys/audit is missing or damaged; restore it from a backup")
    }
    return AuditTrail(key: key)
  }
}
