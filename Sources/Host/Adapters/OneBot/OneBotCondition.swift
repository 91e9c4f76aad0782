import Core
import Synchronization

/// What is wrong with one channel at the moment, said to the operator at each change.
final class OneBotCondition: Sendable {
  enum Part: Hashable, Comparable {
    case connection(String)
    /// A QQ account, by number.
    case account(String)
  }

  /// More accounts than this are not kept apart.
  private static let mostAccounts = 256

  private struct State {
    var problems: [Part: String] = [:]
    var status = ChannelStatus.unobserved
    /// What was said last; nil when nothing was.
    var said: String??

    mutating func say() {
      let problem = problems.min { $0.key < $1.key }?.value
      guard said != .some(problem) else { return }
      said = .some(problem)
      if let problem { status.isDegraded(problem) } else { status.works() }
    }
  }

  // The observer is told inside the lock, so that it hears the changes in their order.
  private let state = Mutex(State())

  /// From now on `status` is told.
  func observe(by status: ChannelStatus) {
    state.withLock { state in
      state.status = status
      state.said = nil
      if !state.problems.isEmpty { state.say() }
    }
  }

  /// - Parameter problem: nil when that part works.
  func report(_ problem: String?, of part: Part) {
    state.withLock { state in
      guard problem == nil || state.problems.count < Self.mostAccounts || state.problems[part] != nil else { return }
      state.problems[part] = problem
      state.say()
    }
  }

  /// Whether the implementation said that this QQ account is logged out.
  func isOffline(_ selfID: String) -> Bool {
    state.withLock { $0.problems[.account(selfID)] != nil }
  }

  /// Learns from a frame whether its account is logged in.
  func heard(_ frame: OneBotFrame) {
    switch frame {
    case .meta(let meta):
      // Missing means that the implementation does not know.
      if let isOnline = meta.isOnline { set(meta.selfID, isOnline: isOnline) }
      if meta.kind == .connect || meta.kind == .enable { set(meta.selfID, isOnline: true) }
    case .notice(let notice) where notice.kind == .botOffline: set(notice.selfID, isOnline: false)
    case .message(let message): set(message.selfID, isOnline: true)
    default: break
    }
  }

  private func set(_ selfID: String, isOnline: Bool) {
    if isOnline, !isOffline(selfID) { return }
    report(
      isOnline ? nil : "the QQ account \(selfID) is offline: log it in again at the implementation", of: .account(selfID))
  }
}
