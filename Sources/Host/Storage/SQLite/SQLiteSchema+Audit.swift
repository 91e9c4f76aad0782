extension SQLiteSchema {
  /// Signed checkpoints of the audit log, and what stays of the heads that were deleted, which only heads under a manifest may be.
  static let checkpoints = [
    // `nodes`: those of the tree, one after the other.
    "CREATE TABLE audit_checkpoint (size INTEGER PRIMARY KEY, note TEXT NOT NULL, nodes BLOB NOT NULL)",
    "CREATE TABLE audit_manifest (last INTEGER PRIMARY KEY, manifest TEXT NOT NULL)",
    "DROP TRIGGER audit_head_delete",
    """
    CREATE TRIGGER audit_head_delete BEFORE DELETE ON audit_head
    WHEN OLD.seq > (SELECT COALESCE(MAX(last), 0) FROM audit_manifest)
    BEGIN SELECT RAISE(ABORT, 'audit heads are deleted under a manifest only'); END
    """,
    """
    CREATE TRIGGER audit_checkpoint_update BEFORE UPDATE ON audit_checkpoint
    BEGIN SELECT RAISE(ABORT, 'checkpoints never change'); END
    """,
    """
    CREATE TRIGGER audit_checkpoint_delete BEFORE DELETE ON audit_checkpoint
    WHEN OLD.size >= (SELECT COALESCE(MAX(last), 0) FROM audit_manifest)
    BEGIN SELECT RAISE(ABORT, 'checkpoints are deleted under a manifest only'); END
    """,
    """
    CREATE TRIGGER audit_manifest_update BEFORE UPDATE ON audit_manifest
    BEGIN SELECT RAISE(ABORT, 'manifests never change'); END
    """,
    """
    CREATE TRIGGER audit_manifest_delete BEFORE DELETE ON audit_manifest
    BEGIN SELECT RAISE(ABORT, 'manifests are never deleted'); END
    """,
  ]
}
