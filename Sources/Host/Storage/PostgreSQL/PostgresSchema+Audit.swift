extension PostgresSchema {
  /// Signed checkpoints of the audit log, and what stays of the heads that were deleted, which only heads under a manifest may be.
  static let checkpoints = [
    // `nodes`: those of the tree, one after the other.
    "CREATE TABLE audit_checkpoint (size BIGINT PRIMARY KEY, note \(text) NOT NULL, nodes BYTEA NOT NULL)",
    "CREATE TABLE audit_manifest (last BIGINT PRIMARY KEY, manifest \(text) NOT NULL)",
    "DROP TRIGGER audit_head_change ON audit_head",
    """
    CREATE TRIGGER audit_head_change BEFORE UPDATE OR TRUNCATE ON audit_head
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change()
    """,
    """
    CREATE FUNCTION refuse_unsealed_head() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF OLD.seq > (SELECT COALESCE(MAX(last), 0) FROM audit_manifest) THEN
        RAISE EXCEPTION 'audit heads are deleted under a manifest only';
      END IF;
      RETURN OLD;
    END $$
    """,
    """
    CREATE TRIGGER audit_head_delete BEFORE DELETE ON audit_head FOR EACH ROW EXECUTE FUNCTION refuse_unsealed_head()
    """,
    """
    CREATE TRIGGER audit_checkpoint_change BEFORE UPDATE OR TRUNCATE ON audit_checkpoint
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change()
    """,
    """
    CREATE FUNCTION refuse_unsealed_checkpoint() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF OLD.size >= (SELECT COALESCE(MAX(last), 0) FROM audit_manifest) THEN
        RAISE EXCEPTION 'checkpoints are deleted under a manifest only';
      END IF;
      RETURN OLD;
    END $$
    """,
    """
    CREATE TRIGGER audit_checkpoint_delete BEFORE DELETE ON audit_checkpoint
    FOR EACH ROW EXECUTE FUNCTION refuse_unsealed_checkpoint()
    """,
    """
    CREATE TRIGGER audit_manifest_change BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_manifest
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change()
    """,
  ]
}
