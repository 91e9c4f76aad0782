extension SQLiteSchema {
  /// Urgent events beside the others, events that were put aside, and what is remembered of talk without end.
  static let queue = [
    "ALTER TABLE event ADD COLUMN urgent INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE event ADD COLUMN due_at INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE event ADD COLUMN buried_at INTEGER",
    "UPDATE event SET buried_at = received_at WHERE state = 'dead'",
    "DROP INDEX event_pending",
    "CREATE INDEX event_pending ON event (conversation, urgent, seq) WHERE state = 'pending'",
    "CREATE INDEX event_dead ON event (buried_at, seq) WHERE state = 'dead'",
    "ALTER TABLE lane ADD COLUMN urgent_at INTEGER",
    "ALTER TABLE lane ADD COLUMN bot_answers INTEGER NOT NULL DEFAULT 0",
    "CREATE INDEX lane_urgent ON lane (urgent_at, conversation) WHERE urgent_at IS NOT NULL",
    """
    CREATE TABLE talker (
      lane TEXT NOT NULL,
      sender TEXT NOT NULL,
      said TEXT NOT NULL,
      answered_at INTEGER NOT NULL,
      refused INTEGER NOT NULL DEFAULT 0,
      hint TEXT,
      hints INTEGER NOT NULL DEFAULT 0,
      hinted_at INTEGER,
      PRIMARY KEY (lane, sender)
    ) WITHOUT ROWID
    """,
    "CREATE INDEX talker_answered ON talker (answered_at)",
  ]
}
