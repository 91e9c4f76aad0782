import Synchronization

/// How many calls use something, and when the last of them is over.
final class CallCount: Sendable {
  /// Calls in flight, and `retired`: one word, because it costs every call two visits.
  private let word = Atomic(0)
  private static let retired = 1 << 62
  private let drained = Mutex<CheckedContinuation<Void, Never>?>(nil)

  /// Counts a call in. False once it has been drained.
  func enter() -> Bool {
    var word = word.load(ordering: .relaxed)
    while word != Self.retired {
      let exchange = self.word.weakCompareExchange(expected: word, desired: word + 1, ordering: .acquiring)
      if exchange.exchanged { return true }
      word = exchange.original
    }
    return false
  }

  /// Counts a call out.
  func leave() {
    if word.subtract(1, ordering: .acquiringAndReleasing).newValue == Self.retired { finish() }
  }

  /// Waits until the last call is over. Nothing enters after that.
  func drain() async {
    await withCheckedContinuation { continuation in
      drained.withLock { $0 = continuation }
      if word.bitwiseOr(Self.retired, ordering: .acquiringAndReleasing).newValue == Self.retired { finish() }
    }
  }

  private func finish() {
    drained.withLock { $0.take() }?.resume()
  }
}
