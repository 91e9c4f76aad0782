package import Core
package import Storage

/// Puts what skills say into the outbox, from where it goes the way of every reply.
package struct OutboxVoice: SkillVoice {
  private let store: Store
  private let onCommit: @Sendable () -> Void

  /// - Parameter onCommit: told after each commit that put a message into the outbox.
  package init(store: Store, onCommit: @escaping @Sendable () -> Void) {
    self.store = store
    self.onCommit = onCommit
  }

  package func say(_ text: String, to address: ReplyAddress) async throws {
    let text = ForeignText.defused(text)
    try await store.write { try $0.enqueue(text, to: address, as: .interim) }
    onCommit()
  }
}
