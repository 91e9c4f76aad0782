import Core

/// What is known about the files of the plug-in folder, and so what is to be read again.
struct FolderLedger: Sendable {
  typealias Instant = ContinuousClock.Instant

  private struct Entry: Sendable {
    var stamp: FileStamp
    /// Whether a later change of the file would show in its stamp. Not so for a file that changed just before it was read.
    var isSettled: Bool
    /// Of the bytes that were last dealt with for good.
    var hash: String?
    var refusal: SkillRefusal?
    var incompleteSince: Instant?
  }

  private var entries: [String: Entry] = [:]
  private var nextLook: Instant?

  /// Names of the files to read now, sorted. `now` is the time of day.
  func filesToRead(in listing: [String: FileStamp]) -> [String] {
    listing.filter { name, stamp in
      guard let entry = entries[name] else { return true }
      return entry.stamp != stamp || !entry.isSettled || entry.refusal?.isLasting == false
    }.keys.sorted()
  }

  /// Forgets the files that are not there any more; their names, sorted.
  mutating func forget(missingFrom listing: [String: FileStamp]) -> [String] {
    let missing = entries.keys.filter { listing[$0] == nil }.sorted()
    for name in missing { entries[name] = nil }
    return missing
  }

  /// Has `name` read anew at the next look, whatever was known of it.
  mutating func readAgain(_ name: String) {
    entries[name]?.hash = nil
    entries[name]?.isSettled = false
  }

  /// Has every file read anew at the next look.
  mutating func readAllAgain() {
    for name in entries.keys { readAgain(name) }
  }

  /// The hash of the bytes that need no second look.
  func knownHash(of name: String) -> String? { entries[name]?.hash }

  func refusal(of name: String) -> SkillRefusal? { entries[name]?.refusal }

  /// Whether some file is still being copied.
  var isWaiting: Bool { entries.values.contains { $0.incompleteSince != nil } }

  /// Whether the caller is to look again after `delay`: some file is still being copied, and no such look is to come already.
  mutating func arrangesLook(after delay: Duration, now: Instant) -> Bool {
    guard isWaiting, nextLook.map({ $0 <= now }) ?? true else { return false }
    nextLook = now + delay
    return true
  }

  /// How long `name` has been incomplete.
  func incompleteTime(of name: String, now: Instant) -> Duration {
    entries[name]?.incompleteSince.map { $0.duration(to: now) } ?? .zero
  }

  /// Notes what came of reading a file. `hash` is nil when the bytes are to be tried again.
  mutating func note(
    _ name: String, _ stamp: FileStamp, readAt: Timestamp, hash: String?, refusal: SkillRefusal?, now: Instant
  ) {
    let isIncomplete = refusal?.code == .incomplete
    entries[name] = Entry(
      stamp: stamp, isSettled: stamp.isSettled(at: readAt), hash: hash, refusal: refusal,
      incompleteSince: isIncomplete ? entries[name]?.incompleteSince ?? now : nil)
  }

  /// The bytes are those that were dealt with before: only the stamp is new.
  mutating func noteUnchanged(_ name: String, _ stamp: FileStamp, readAt: Timestamp, now: Instant) {
    note(name, stamp, readAt: readAt, hash: entries[name]?.hash, refusal: entries[name]?.refusal, now: now)
  }
}
