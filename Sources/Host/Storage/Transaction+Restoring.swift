import Core

extension Transaction {
  /// After a restore nobody knows what happened between the backup and now. So nothing that was open then goes on by itself: events
  /// that waited are put aside as dead letters, messages that waited count as possibly sent, calls that waited will not run, and
  /// the outcome of those that ran is unknown.
  package func closeWhatWasOpen() throws {
    let reason = "restored_from_backup"
    try run("UPDATE event SET state = 'dead', error = ?, buried_at = ? WHERE state = 'pending'", [reason, now.milliseconds])
    try run("UPDATE lane SET urgent_at = NULL, ready_at = NULL, owner = NULL", [])
    try run(
      "UPDATE outbox SET state = 'unknown', error = ? WHERE state IN ('pending', 'sending', 'held', 'reviewing')", [reason])
    try run("UPDATE outbox_lane SET due = NULL, sending = 0, held = 0", [])
    try run("DELETE FROM reply_budget", [])
    // Whoever has run before, and was to be repeated, is as unknown as one that was running.
    try run(
      "UPDATE write_call SET state = 'invalidated', outcome = ? WHERE state IN ('pending', 'approved') AND boot IS NULL", [reason]
    )
    try run("UPDATE write_call SET state = 'unknown', outcome = ? WHERE state IN ('approved', 'claimed')", [reason])
    try run("DELETE FROM instance", [])
    try run("DELETE FROM channel_lease", [])
    try run("DELETE FROM enrolment_code", [])
  }
}
