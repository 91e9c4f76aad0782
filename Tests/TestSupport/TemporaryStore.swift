package import Core
package import Foundation
package import Storage

/// A store in a folder of its own that is removed when the test ends.
package final class TemporaryStore {
  package let folder: URL
  package let store: Store

  package init(
    clock: WallClock = .system, sendingRules: [String: SendingRules] = [:],
    onChange: @escaping @Sendable (StoreError?) -> Void = { _ in }
  ) throws {
    folder = FileManager.default.temporaryDirectory.appending(path: "openclaw-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    store = try Store(
      path: folder.appending(path: "openclaw.db").path, clock: clock, sendingRules: sendingRules, onChange: onChange)
  }

  deinit {
    try? store.close()
    try? FileManager.default.removeItem(at: folder)
  }

  /// A second run of the process on the same file.
  package func reopened(clock: WallClock = .system, sendingRules: [String: SendingRules] = [:]) throws -> Store {
    try Store(path: folder.appending(path: "openclaw.db").path, clock: clock, sendingRules: sendingRules)
  }
}

extension ChatEvent {
  /// A message of a playground member.
  package static func sample(
    _ id: String, _ text: String? = nil, from sender: String = "alice", in scene: Scene = Scene(.group, "1"),
    mention: Bool = true,
    keys: [String]? = nil
  ) -> ChatEvent {
    ChatEvent(
      requestID: RequestID(), receivedAt: WallClock.system.now(),
      conversation: Conversation(channel: "main", account: "bot", scene: scene),
      sender: Sender(id: "playground:\(sender)", name: sender), messageID: id, text: text ?? "text of \(id)",
      mentions: Mentions(bot: mention), dedupeKeys: keys ?? ["message:\(id)"])
  }
}
