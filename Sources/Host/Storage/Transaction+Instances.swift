import Core

/// Runs of the service that work on this store. One that is not in the table is dead, and what it had claimed is free.
extension Transaction {
  /// Says that this run lives, until `lease` from now. False when it was not in the table: it is new, or it was given up
  /// because it had been silent for too long, and what it held is somebody else's now.
  package func renewLease(for lease: Duration) throws -> Bool {
    let until = now.advanced(by: lease).milliseconds
    guard try run("UPDATE instance SET lease_until = ? WHERE boot = ?", [until, boot]) == 0 else { return true }
    try run("INSERT INTO instance (boot, lease_until) VALUES (?, ?)", [boot, until])
    return false
  }

  /// Takes those out of the table whose lease is over, or all but this run when the store is not shared. What they held is found
  /// by its owner; see `freeLanesOfTheDead`, `messagesInDoubt` and `writeCallsOfTheDead`.
  ///
  /// - Returns: how many they were.
  package func buryInstances(all: Bool = false) throws -> Int {
    try run("DELETE FROM instance WHERE boot <> ? AND (? = 1 OR lease_until <= ?)", [boot, all, now.milliseconds])
  }

  /// Whether some run's lease is over.
  package func hasDeadInstances() throws -> Bool {
    try row("SELECT 1 AS found FROM instance WHERE boot <> ? AND lease_until <= ? LIMIT 1", [boot, now.milliseconds]) != nil
  }

  /// Whether others live.
  package func isAlone() throws -> Bool {
    try row("SELECT 1 AS found FROM instance WHERE boot <> ? LIMIT 1", [boot]) == nil
  }

  /// Makes this run the one that holds the channel's connection, unless another living run is. True when it is.
  package func takeChannel(_ channel: String) throws -> Bool {
    try run(
      """
      INSERT INTO channel_lease (channel, owner) VALUES (?1, ?2)
      ON CONFLICT (channel) DO UPDATE SET owner = excluded.owner
      WHERE channel_lease.owner = excluded.owner OR channel_lease.owner NOT IN (SELECT boot FROM instance)
      """, [channel, boot]) == 1
  }

  /// The living run that holds the channel's connection, if any.
  package func channelHolder(of channel: String) throws -> String? {
    try row(
      "SELECT owner FROM channel_lease WHERE channel = ? AND owner IN (SELECT boot FROM instance)", [channel])?["owner"]
  }

  /// Says that this run has ended: others need not wait for its lease.
  package func resign() throws {
    try run("DELETE FROM instance WHERE boot = ?", [boot])
  }
}
