import Core
import Synchronization

/// Private chats with people who are no friends of the account: they run over a group, which an answer has to name.
final class OneBotTemporaryChats: Sendable {
  private struct Chat: Hashable {
    let selfID: String
    let userID: String
  }

  /// When there are more, all are forgotten; the next message brings each back.
  private static let most = 4096

  private let groups = Mutex<[Chat: String]>([:])

  /// Learns from a private message whether its chat is a temporary one.
  func heard(_ message: OneBotMessage) {
    guard message.scene.kind == .private else { return }
    let chat = Chat(selfID: message.selfID, userID: message.senderID)
    groups.withLock { groups in
      if message.temporaryGroupID != nil, groups.count >= Self.most { groups.removeAll() }
      groups[chat] = message.temporaryGroupID
    }
  }

  /// The group over which that private chat runs; nil between friends.
  func group(of userID: String, with selfID: String) -> String? {
    groups.withLock { $0[Chat(selfID: selfID, userID: userID)] }
  }
}
