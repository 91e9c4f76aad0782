import Core
import Synchronization

/// Puts the words of several shards together: the channel works when all of them do.
final class QQShardBoard: Sendable {
  private let status: ChannelStatus
  private let state = Mutex<(problems: [Int: String], last: String??)>(([:], nil))

  init(_ status: ChannelStatus) {
    self.status = status
  }

  /// - Parameter problem: nil when the shard works.
  func report(_ problem: String?, of shard: Int) {
    state.withLock { state in
      state.problems[shard] = problem
      let worst = state.problems.min { $0.key < $1.key }?.value
      guard state.last != .some(worst) else { return }
      state.last = .some(worst)
      if let worst { status.isDegraded(worst) } else { status.works() }
    }
  }
}
