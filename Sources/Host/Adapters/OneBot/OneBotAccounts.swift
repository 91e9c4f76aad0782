/// The sockets of every connected account of one channel.
package actor OneBotAccounts {
  private struct Sockets {
    var calls: OneBotSession?
    var events: OneBotSession?
  }

  private var sockets: [String: Sockets] = [:]
  /// What is wrong with the connections and accounts.
  nonisolated let condition = OneBotCondition()
  nonisolated let temporaryChats = OneBotTemporaryChats()

  package init() {}

  /// Learns what a frame says beside its meaning.
  nonisolated func heard(_ frame: OneBotFrame) {
    condition.heard(frame)
    if case .message(let message) = frame { temporaryChats.heard(message) }
  }

  /// Makes `session` the live one for what its role covers.
  ///
  /// - Returns: the sessions that lost their place. They look open because the peer vanished silently, or are a second,
  ///   mistaken connection; either way they should be closed.
  func join(_ session: OneBotSession) -> [OneBotSession] {
    guard let selfID = session.selfID else { return [] }
    var account = sockets[selfID] ?? Sockets()
    var replaced: [OneBotSession] = []
    if session.role.takesCalls {
      if let old = account.calls { replaced.append(old) }
      account.calls = session
    }
    if session.role.bringsEvents {
      if let old = account.events, !replaced.contains(where: { $0 === old }) { replaced.append(old) }
      account.events = session
    }
    sockets[selfID] = account
    for old in replaced { leave(old) }
    return replaced
  }

  /// Takes `session` out wherever it still is the live one.
  func leave(_ session: OneBotSession) {
    guard let selfID = session.selfID, var account = sockets[selfID] else { return }
    if account.calls === session { account.calls = nil }
    if account.events === session { account.events = nil }
    sockets[selfID] = account.calls == nil && account.events == nil ? nil : account
  }

  /// Whether some account can be spoken to.
  var hasCaller: Bool { sockets.values.contains { $0.calls != nil } }

  /// The live session through which actions of that account go.
  func caller(for selfID: String) -> OneBotSession? {
    sockets[selfID]?.calls
  }
}
