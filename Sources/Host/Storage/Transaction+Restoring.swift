import Core

extension Transaction {
  /// After a restore nobody knows what happened between the backup and now. So nothing that was open then goes on by itself: events
  /// that waited are put aside as dead letters, messages that waited count as possibly sent, calls that waited will not run, and
  /// the outcome of those that ran is unknown.
  package func closeWhatWasOpen() throws {
    let reason = "restored_from_backup"
    try run("UPDATE event SET state = 'dead', error = ? WHERE state = 'pending'", [reason])
    try run("UPDATE lane SET ready_at = NULL, owner = NULL", [])
    try run(
      "UPDATE outbox SET state = 'unknown', error = ? WHERE state IN ('pending', 'sending', 'held', 'reviewing')", [reason])
    try run("UPDATE outbox_lane SET due = NULL, sending = 0, held = 0", [])
    try run("DELETE FROM reply_budget", [])
    try run("UPDATE write_call SET state = 'invalidated', outcome = ? WHERE state IN ('pending', 'approved')", [reason])
    try run("UPDATE write_call SET state = 'unknown', outcome = ? WHERE state = 'claimed'", [reason])
    try run("DELETE FROM instance", [])
    try run("DELETE FROM channel_lease", [])
  }
}
