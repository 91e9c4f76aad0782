import Synchronization

/// A number that goes up and down.
final class Gauge: Sendable {
  private let value = Atomic(0)

  var now: Int { value.load(ordering: .relaxed) }

  func add(_ amount: Int) { value.add(amount, ordering: .relaxed) }
}
