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

  /// Of ten thousand messages, how many meet each fault.
  let perTenThousand: [Fault: Int]
  private var random: SplitMix

  init(seed: UInt64, perTenThousand: [Fault: Int]) {
    self.perTenThousand = perTenThousand
    random = SplitMix(state: seed)
  }

  /// A bad day: one message in nine meets something.
  static func badDay(seed: UInt64) -> PlatformFaults {
    PlatformFaults(
      seed: seed,
      perTenThousand: [
        .refuses: 400, .slowsDown: 10, .forgetsToken: 20, .failsAfterwards: 300, .cutsOff: 400, .staysSilent: 10,
      ])
  }

  /// The same for hundreds of messages a second: what stops the whole bot for a second comes every minute or so.
  static func longDay(seed: UInt64) -> PlatformFaults {
    PlatformFaults(
      seed: seed,
      perTenThousand: [
        .refuses: 400, .slowsDown: 1, .forgetsToken: 1, .failsAfterwards: 300, .cutsOff: 400, .staysSilent: 10,
      ])
  }

  /// What happens to the next message; nil: all is well.
  mutating func next() -> Fault? {
    var draw = Int.random(in: 0..<10_000, using: &random)
    for fault in Fault.allCases {
      draw -= perTenThousand[fault] ?? 0
      if draw < 0 { return fault }
    }
    return nil
  }
}
