import Core

/// Decides which refusals are worth a warning: the first of a kind, then one a minute with the number left out. A platform
/// with a wrong secret retries for ever and must not fill the disk.
struct RefusalLog: Sendable {
  /// What a refusal counts as.
  struct Kind: Hashable, Sendable {
    let channel: String
    let code: String
  }

  enum Advice: Equatable {
    /// Say it, and how many like it went unsaid since the last time.
    case say(suppressed: Int)
    case suppress
  }

  static let interval = Duration.seconds(60)
  static let maximumKinds = 512

  private var kinds: [Kind: (lastSaid: Timestamp, suppressed: Int)] = [:]

  mutating func note(_ kind: Kind, at now: Timestamp) -> Advice {
    guard let known = kinds[kind] else {
      // Codes and channels are few; should they not be, starting afresh costs a few more lines and no memory.
      if kinds.count >= Self.maximumKinds { kinds.removeAll() }
      kinds[kind] = (now, 0)
      return .say(suppressed: 0)
    }
    let elapsed = now.since(known.lastSaid)
    guard elapsed >= Self.interval || elapsed < .zero else {
      kinds[kind] = (known.lastSaid, known.suppressed + 1)
      return .suppress
    }
    kinds[kind] = (now, 0)
    return .say(suppressed: known.suppressed)
  }
}
