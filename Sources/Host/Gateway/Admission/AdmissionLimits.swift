package import Core

/// The rates at which people and groups may talk to the bot.
package struct AdmissionLimits: Sendable, Equatable {
  /// Applies to one person, over all chats.
  package var sender: RateLimit
  /// Applies to groups and guild channels; direct chats have one sender anyway.
  package var group: RateLimit
  /// How many senders, and how many groups, are told apart at one time.
  package var keys: Int

  /// The defaults suit people who type.
  package init(
    sender: RateLimit = RateLimit(perMinute: 30, burst: 10),
    group: RateLimit = RateLimit(perMinute: 120, burst: 40),
    keys: Int = 65_536
  ) {
    self.sender = sender
    self.group = group
    self.keys = max(1, keys)
  }
}

/// Decides whether one more event of this sender in this chat is too many. Takes from both allowances or from none.
struct EventRates: Sendable {
  private var senders: RateLimiter<String>
  private var groups: RateLimiter<Conversation>

  init(_ limits: AdmissionLimits) {
    senders = RateLimiter(limits.sender, capacity: limits.keys)
    groups = RateLimiter(limits.group, capacity: limits.keys)
  }

  mutating func admit(_ event: ChatEvent) throws(Refusal) {
    let now = event.receivedAt
    let senderDelay = senders.delay(for: event.sender.id, at: now)
    guard senderDelay == 0 else { throw .rateLimited(.sender, microseconds: senderDelay) }
    switch event.conversation.scene.kind {
    case .group, .guild:
      let groupDelay = groups.delay(for: event.conversation, at: now)
      guard groupDelay == 0 else { throw .rateLimited(.group, microseconds: groupDelay) }
      groups.spend(event.conversation, at: now)
    case .private, .guildPrivate: break
    }
    senders.spend(event.sender.id, at: now)
  }
}
