package import Core
package import Storage

extension CodeGuesses {
  /// Wrong codes within `window` that mute.
  package static let limit = 5
  static let window = Duration.seconds(600)
  package static let muteMinutes = 30

  package func isMuted(at now: Timestamp) -> Bool {
    mutedUntil.map { now < $0 } ?? false
  }

  /// Counts one more wrong code. True when that was one too many.
  package mutating func miss(at now: Timestamp) -> Bool {
    misses = misses.filter { now.since($0) < Self.window } + [now]
    guard misses.count >= Self.limit else { return false }
    misses = []
    mutedUntil = now.advanced(by: .seconds(60 * Self.muteMinutes))
    return true
  }

  /// From then on it is as if nothing had been.
  package var matterUntil: Timestamp {
    let counted = misses.last.map { $0.advanced(by: Self.window) } ?? Timestamp(milliseconds: 0)
    return max(counted, mutedUntil ?? counted)
  }
}
