import TestSupport

/// What a platform does wrong, at random but the same for the same seed.
struct PlatformFaults: Sendable {
  enum Fault: CaseIterable, Sendable {
    /// An error, and nothing was shown.
    case refuses
    /// Too many requests, and nothing was shown.
    case slowsDown
    /// The access token is not known any more, and nothing was shown.
    case forgetsToken
    /// The message is shown, and then a gateway in between says that it failed.
    case failsAfterwards
    /// The message is shown, and then the connection ends without an answer.
    case cutsOff
    /// The message is shown, and no answer ever comes.
    case staysSilent
  }

  /// Of a thousand messages, how many meet each fault.
  let perThousand: [Fault: Int]
  private var random: SplitMix

  init(seed: UInt64, perThousand: [Fault: Int]) {
    self.perThousand = perThousand
    random = SplitMix(state: seed)
  }

  static func none() -> PlatformFaults { PlatformFaults(seed: 0, perThousand: [:]) }

  /// A bad day: one message in eight meets something.
  static func badDay(seed: UInt64) -> PlatformFaults {
    PlatformFaults(
      seed: seed,
      perThousand: [
        .refuses: 40, .slowsDown: 1, .forgetsToken: 5, .failsAfterwards: 30, .cutsOff: 40, .staysSilent: 1,
      ])
  }

  /// What happens to the next message; nil: all is well.
  mutating func next() -> Fault? {
    var draw = Int.random(in: 0..<1000, using: &random)
    for fault in Fault.allCases {
      draw -= perThousand[fault] ?? 0
      if draw < 0 { return fault }
    }
    return nil
  }
}
