import GRDB

/// The numbered, forward-only migrations.
enum SQLiteSchema {
  static func migrate(_ pool: DatabasePool) throws {
    let migrator = migrator
    if try pool.read(migrator.hasBeenSuperseded) {
      throw StoreError(
        .newerSchema, "the database was written by a newer version of openclaw; start that version, or restore an older backup")
    }
    try migrator.migrate(pool)
  }

  static var migrator: DatabaseMigrator {
    var migrator = DatabaseMigrator()
    migrator.registerMigration("1") { database in
      for statement in inbox + outbox + writeCalls + audit + rest { try database.execute(sql: statement) }
    }
    migrator.registerMigration("2-gateway") { database in
      for statement in gateway { try database.execute(sql: statement) }
    }
    migrator.registerMigration("2-delivery") { database in
      for statement in delivery { try database.execute(sql: statement) }
    }
    migrator.registerMigration("3-instances") { database in
      for statement in instances { try database.execute(sql: statement) }
    }
    migrator.registerMigration("4-queue") { database in
      for statement in queue { try database.execute(sql: statement) }
    }
    migrator.registerMigration("5-policy") { database in
      for statement in policy { try database.execute(sql: statement) }
    }
    migrator.registerMigration("5-threats") { database in
      for statement in threats { try database.execute(sql: statement) }
    }
    migrator.registerMigration("5-approvals") { database in
      for statement in approvals { try database.execute(sql: statement) }
    }
    migrator.registerMigration("5-people") { database in
      for statement in people { try database.execute(sql: statement) }
    }
    migrator.registerMigration("5-audit") { database in
      for statement in checkpoints { try database.execute(sql: statement) }
    }
    return migrator
  }

  /// A head-of-conversation query over `event` would grow with the backlog; one `lane` row a conversation keeps a claim's cost flat.
  private static let inbox = [
    """
    CREATE TABLE event (
      seq INTEGER PRIMARY KEY AUTOINCREMENT,
      request_id TEXT NOT NULL,
      conversation TEXT NOT NULL,
      channel TEXT NOT NULL,
      message_id TEXT NOT NULL,
      body TEXT NOT NULL,
      received_at INTEGER NOT NULL,
      attempts INTEGER NOT NULL DEFAULT 0,
      state TEXT NOT NULL CHECK (state IN ('pending', 'done', 'dead')),
      error TEXT
    )
    """,
    "CREATE INDEX event_pending ON event (conversation, seq) WHERE state = 'pending'",
    """
    CREATE TABLE event_key (
      channel TEXT NOT NULL, key TEXT NOT NULL, request_id TEXT NOT NULL, at INTEGER NOT NULL, PRIMARY KEY (channel, key)
    ) WITHOUT ROWID
    """,
    """
    CREATE TABLE lane (
      conversation TEXT PRIMARY KEY, ready_at INTEGER, owner TEXT
    ) WITHOUT ROWID
    """,
    "CREATE INDEX lane_ready ON lane (ready_at, conversation) WHERE ready_at IS NOT NULL",
  ]

  private static let outbox = [
    """
    CREATE TABLE outbox (
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      request_id TEXT NOT NULL,
      lane TEXT NOT NULL,
      channel TEXT NOT NULL,
      conversation TEXT NOT NULL,
      answers TEXT,
      sequence INTEGER NOT NULL,
      text TEXT NOT NULL,
      created_at INTEGER NOT NULL,
      not_before INTEGER NOT NULL,
      attempts INTEGER NOT NULL DEFAULT 0,
      state TEXT NOT NULL CHECK (state IN ('pending', 'sending', 'sent', 'failed', 'unknown')),
      platform_id TEXT,
      error TEXT,
      UNIQUE (lane, answers, sequence)
    )
    """,
    "CREATE INDEX outbox_pending ON outbox (lane, id) WHERE state = 'pending'",
    "CREATE INDEX outbox_sending ON outbox (id) WHERE state = 'sending'",
    "CREATE INDEX outbox_open ON outbox (channel, answers) WHERE state IN ('pending', 'sending')",
    "CREATE INDEX outbox_conversation ON outbox (lane, id)",
    // As for events: what waits behind a head must cost nothing. `due` is the head's time; null while it is on its way.
    """
    CREATE TABLE outbox_lane (
      lane TEXT PRIMARY KEY, due INTEGER, sending INTEGER NOT NULL DEFAULT 0
    ) WITHOUT ROWID
    """,
    "CREATE INDEX outbox_lane_due ON outbox_lane (due, lane) WHERE due IS NOT NULL",
  ]

  private static let writeCalls = [
    """
    CREATE TABLE write_call (
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      code TEXT NOT NULL UNIQUE,
      digest TEXT NOT NULL,
      state TEXT NOT NULL,
      tool TEXT NOT NULL,
      skill TEXT NOT NULL,
      build TEXT NOT NULL,
      arguments TEXT NOT NULL,
      request_id TEXT NOT NULL,
      requester TEXT NOT NULL,
      requester_name TEXT NOT NULL,
      conversation TEXT NOT NULL,
      gates TEXT NOT NULL,
      created_at INTEGER NOT NULL,
      expires_at INTEGER NOT NULL,
      run_within INTEGER NOT NULL,
      run_deadline INTEGER,
      reply_request_id TEXT NOT NULL,
      reply_message TEXT,
      boot TEXT,
      outcome TEXT
    )
    """,
    "CREATE UNIQUE INDEX write_call_open ON write_call (digest) WHERE state IN ('pending', 'approved')",
    "CREATE INDEX write_call_live ON write_call (state, id) WHERE state IN ('pending', 'approved', 'claimed', 'unknown')",
    "CREATE INDEX write_call_reply ON write_call (reply_message) WHERE state IN ('approved', 'claimed')",
    """
    CREATE TABLE vote (
      call INTEGER NOT NULL REFERENCES write_call (id),
      person TEXT NOT NULL,
      sender TEXT NOT NULL,
      verb TEXT NOT NULL CHECK (verb IN ('approve', 'deny')),
      at INTEGER NOT NULL,
      PRIMARY KEY (call, person)
    ) WITHOUT ROWID
    """,
  ]

  /// Heads are chained and never change; bodies live apart behind a salted commitment, so that they can be deleted on schedule.
  private static let audit = [
    "CREATE TABLE audit_head (seq INTEGER PRIMARY KEY, head TEXT NOT NULL, hash BLOB NOT NULL)",
    "CREATE TABLE audit_body (seq INTEGER PRIMARY KEY, salt BLOB NOT NULL, body TEXT NOT NULL)",
    """
    CREATE TRIGGER audit_head_update BEFORE UPDATE ON audit_head
    BEGIN SELECT RAISE(ABORT, 'audit heads never change'); END
    """,
    """
    CREATE TRIGGER audit_head_delete BEFORE DELETE ON audit_head
    BEGIN SELECT RAISE(ABORT, 'audit heads are never deleted'); END
    """,
  ]

  private static let rest = [
    """
    CREATE TABLE skill_value (
      skill TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (skill, key)
    ) WITHOUT ROWID
    """,
    "CREATE TABLE setting (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
  ]

  /// `lane.assigned`: the instance that alone may work on it; not used yet.
  private static let instances = [
    "CREATE TABLE instance (boot TEXT PRIMARY KEY, lease_until INTEGER NOT NULL) WITHOUT ROWID",
    "CREATE TABLE channel_lease (channel TEXT PRIMARY KEY, owner TEXT NOT NULL) WITHOUT ROWID",
    "ALTER TABLE lane ADD COLUMN epoch INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE lane ADD COLUMN assigned TEXT",
    "CREATE INDEX lane_owner ON lane (owner) WHERE owner IS NOT NULL",
    "ALTER TABLE outbox ADD COLUMN sender TEXT",
    "CREATE INDEX event_key_at ON event_key (at)",
  ]

  private static let gateway = [
    """
    CREATE TABLE rate_cell (
      kind TEXT NOT NULL, key TEXT NOT NULL, paid_until INTEGER NOT NULL, PRIMARY KEY (kind, key)
    ) WITHOUT ROWID
    """,
    "CREATE INDEX rate_cell_paid ON rate_cell (paid_until)",
    """
    CREATE TABLE raw_event (
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      channel TEXT NOT NULL,
      type TEXT NOT NULL,
      request_id TEXT NOT NULL,
      at INTEGER NOT NULL,
      size INTEGER NOT NULL,
      total INTEGER NOT NULL,
      body BLOB NOT NULL
    )
    """,
    "CREATE INDEX raw_event_request ON raw_event (request_id)",
  ]
}
