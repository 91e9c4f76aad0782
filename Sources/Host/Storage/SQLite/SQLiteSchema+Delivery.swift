extension SQLiteSchema {
  /// The outbox of rich messages, with what platforms allow: answers are counted, chats may be closed, rates outlive a restart.
  static let delivery = [
    // What waits was a message: nothing else was kept before.
    """
    UPDATE event SET body = json_set(body, '$.kind', json('{"message":{}}'))
    WHERE state = 'pending' AND json_extract(body, '$.kind') IS NULL
    """,
    "ALTER TABLE outbox RENAME TO outbox_1",
    """
    CREATE TABLE outbox (
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      request_id TEXT NOT NULL,
      lane TEXT NOT NULL,
      channel TEXT NOT NULL,
      conversation TEXT NOT NULL,
      answers TEXT,
      answers_kind TEXT,
      sequence INTEGER NOT NULL,
      unasked INTEGER NOT NULL DEFAULT 0,
      content TEXT NOT NULL,
      digest TEXT NOT NULL DEFAULT '',
      created_at INTEGER NOT NULL,
      not_before INTEGER NOT NULL,
      attempts INTEGER NOT NULL DEFAULT 0,
      doubtful INTEGER NOT NULL DEFAULT 0,
      state TEXT NOT NULL CHECK (state IN ('pending', 'sending', 'sent', 'failed', 'unknown', 'held', 'reviewing')),
      platform_id TEXT,
      audit_id TEXT,
      error TEXT,
      UNIQUE (lane, answers, sequence)
    )
    """,
    """
    INSERT INTO outbox (
      id, request_id, lane, channel, conversation, answers, answers_kind, sequence, unasked, content, created_at, not_before,
      attempts, state, platform_id, error)
    SELECT id, request_id, lane, channel, conversation, answers, CASE WHEN answers IS NOT NULL THEN 'message' END, sequence,
      answers IS NULL, json_object('message', json_object('_0', json_object('text', text, 'buttons', json_array()))),
      created_at, not_before, attempts, state, platform_id, error
    FROM outbox_1
    """,
    "DROP TABLE outbox_1",
    "CREATE INDEX outbox_pending ON outbox (lane, id) WHERE state = 'pending'",
    "CREATE INDEX outbox_held ON outbox (lane, id) WHERE state = 'held'",
    "CREATE INDEX outbox_held_age ON outbox (created_at) WHERE state = 'held'",
    "CREATE INDEX outbox_sending ON outbox (id) WHERE state = 'sending'",
    "CREATE INDEX outbox_reviewing ON outbox (channel, audit_id) WHERE state = 'reviewing'",
    "CREATE INDEX outbox_open ON outbox (channel, answers) WHERE state IN ('pending', 'sending')",
    "CREATE INDEX outbox_conversation ON outbox (lane, id)",
    "ALTER TABLE outbox_lane RENAME TO outbox_lane_1",
    "DROP INDEX outbox_lane_due",
    // `closed`: why nothing may go out. `refuses_unasked`: only answers may. `paid_until`, `unasked_paid_until`: microseconds.
    """
    CREATE TABLE outbox_lane (
      lane TEXT PRIMARY KEY,
      channel TEXT NOT NULL,
      due INTEGER,
      sending INTEGER NOT NULL DEFAULT 0,
      held INTEGER NOT NULL DEFAULT 0,
      closed TEXT,
      refuses_unasked INTEGER NOT NULL DEFAULT 0,
      paid_until INTEGER,
      unasked_paid_until INTEGER
    ) WITHOUT ROWID
    """,
    """
    INSERT INTO outbox_lane (lane, channel, due, sending)
    SELECT lane, substr(lane, 1, instr(lane, '/') - 1), due, sending FROM outbox_lane_1
    """,
    "DROP TABLE outbox_lane_1",
    "CREATE INDEX outbox_lane_due ON outbox_lane (channel, due, lane) WHERE due IS NOT NULL",
    """
    CREATE TABLE outbox_channel (
      channel TEXT PRIMARY KEY, paid_until INTEGER, paused_until INTEGER, dropped INTEGER NOT NULL DEFAULT 0
    ) WITHOUT ROWID
    """,
    "INSERT OR IGNORE INTO outbox_channel (channel) SELECT channel FROM outbox_lane",
    """
    CREATE TABLE reply_budget (
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      lane TEXT NOT NULL,
      reference TEXT NOT NULL,
      kind TEXT NOT NULL,
      request_id TEXT NOT NULL,
      closes_at INTEGER NOT NULL,
      replies INTEGER,
      used INTEGER NOT NULL DEFAULT 0,
      UNIQUE (lane, reference)
    )
    """,
    "CREATE INDEX reply_budget_open ON reply_budget (lane, id)",
    "CREATE INDEX reply_budget_closes ON reply_budget (closes_at)",
    "ALTER TABLE write_call ADD COLUMN reply_kind TEXT",
    "CREATE TABLE admin_chat (person TEXT PRIMARY KEY, conversation TEXT NOT NULL) WITHOUT ROWID",
  ]
}
