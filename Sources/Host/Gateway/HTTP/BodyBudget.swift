import Synchronization

/// The memory for bodies that are being read, over all connections.
final class BodyBudget: Sendable {
  private let limit: Int
  private let taken = Mutex(0)

  init(limit: Int) {
    self.limit = limit
  }

  /// Bytes in use now.
  var used: Int { taken.withLock { $0 } }

  func take(_ bytes: Int) -> Bool {
    taken.withLock { taken in
      guard bytes <= limit - taken else { return false }
      taken += bytes
      return true
    }
  }

  func giveBack(_ bytes: Int) {
    taken.withLock { $0 -= bytes }
  }
}

/// A body that grows, paid for from the budget until it is released. Only what has come is paid for: a declared length costs its
/// sender nothing.
struct BudgetedBody {
  private let budget: BodyBudget
  private(set) var bytes: [UInt8] = []
  private var paid = 0

  init(budget: BodyBudget) {
    self.budget = budget
  }

  /// Appends what has come. False: there is no room.
  mutating func append(_ part: some Collection<UInt8>) -> Bool {
    guard pay(bytes.count + part.count) else { return false }
    bytes.append(contentsOf: part)
    return true
  }

  mutating func release() {
    budget.giveBack(paid)
    paid = 0
  }

  private mutating func pay(_ count: Int) -> Bool {
    guard count > paid else { return true }
    guard budget.take(count - paid) else { return false }
    paid = count
    return true
  }
}
