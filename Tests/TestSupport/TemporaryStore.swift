package import Core
package import Foundation
package import Storage

/// The databases on which a store must behave the same.
package enum StoreKind: Sendable {
  case sqlite, postgres

  /// Those that can be tested here.
  package static let tested: [StoreKind] = PostgresServer.address == nil ? [.sqlite] : [.sqlite, .postgres]
}

/// A store in a folder, or a schema of the test server, of its own. The folder is removed when the test ends.
package final class TemporaryStore {
  package let folder: URL
  package let store: Store
  /// The schema's; nil for a file.
  package let postgres: PostgresAddress?

  package init(
    on kind: StoreKind = .sqlite, clock: WallClock = .system, sendingRules: [String: SendingRules] = [:],
    onChange: @escaping @Sendable (StoreError?) -> Void = { _ in }
  ) throws {
    folder = FileManager.default.temporaryDirectory.appending(path: "openclaw-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    postgres = kind == .postgres ? try PostgresAddress(PostgresServer.newSchema()) : nil
    store = try Self.open(folder, postgres, clock: clock, sendingRules: sendingRules, onChange: onChange)
  }

  deinit {
    try? store.close()
    try? FileManager.default.removeItem(at: folder)
  }

  /// A second run of the process on the same database.
  package func reopened(clock: WallClock = .system, sendingRules: [String: SendingRules] = [:]) throws -> Store {
    try Self.open(folder, postgres, clock: clock, sendingRules: sendingRules)
  }

  private static func open(
    _ folder: URL, _ postgres: PostgresAddress?, clock: WallClock, sendingRules: [String: SendingRules],
    onChange: @escaping @Sendable (StoreError?) -> Void = { _ in }
  ) throws -> Store {
    if let postgres { return try Store(postgres: postgres, clock: clock, sendingRules: sendingRules, onChange: onChange) }
    return try Store(
      path: folder.appending(path: "openclaw.db").path, clock: clock, sendingRules: sendingRules, onChange: onChange)
  }
}

extension ChatEvent {
  /// A message of a playground member.
  package static func sample(
    _ id: String, _ text: String? = nil, from sender: String = "alice", in scene: Scene = Scene(.group, "1"),
    mention: Bool = true, isPlain: Bool = true,
    keys: [String]? = nil
  ) -> ChatEvent {
    ChatEvent(
      requestID: RequestID(), receivedAt: WallClock.system.now(),
      conversation: Conversation(channel: "main", account: "bot", scene: scene),
      sender: Sender(id: "playground:\(sender)", name: sender), messageID: id, text: text ?? "text of \(id)",
      mentions: Mentions(bot: mention), isPlain: isPlain, dedupeKeys: keys ?? ["message:\(id)"])
  }
}
