extension PostgresSchema {
  /// Urgent events beside the others, events that were put aside, and what is remembered of talk without end.
  static let queue = [
    "ALTER TABLE event ADD COLUMN urgent BIGINT NOT NULL DEFAULT 0",
    "ALTER TABLE event ADD COLUMN due_at BIGINT NOT NULL DEFAULT 0",
    "ALTER TABLE event ADD COLUMN buried_at BIGINT",
    "UPDATE event SET buried_at = received_at WHERE state = 'dead'",
    "DROP INDEX event_pending",
    "CREATE INDEX event_pending ON event (conversation, urgent, seq) WHERE state = 'pending'",
    "CREATE INDEX event_dead ON event (buried_at, seq) WHERE state = 'dead'",
    "ALTER TABLE lane ADD COLUMN urgent_at BIGINT",
    "ALTER TABLE lane ADD COLUMN bot_answers BIGINT NOT NULL DEFAULT 0",
    "CREATE INDEX lane_urgent ON lane (urgent_at, conversation) WHERE urgent_at IS NOT NULL",
    """
    CREATE TABLE talker (
      lane \(text) NOT NULL,
      sender \(text) NOT NULL,
      said \(text) NOT NULL,
      answered_at BIGINT NOT NULL,
      refused BIGINT NOT NULL DEFAULT 0,
      hint \(text),
      hints BIGINT NOT NULL DEFAULT 0,
      hinted_at BIGINT,
      PRIMARY KEY (lane, sender)
    ) \(churning)
    """,
    "CREATE INDEX talker_answered ON talker (answered_at)",
  ]
}
