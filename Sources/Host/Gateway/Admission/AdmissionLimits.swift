package import Core

/// The rates at which people, groups, channels and addresses may talk to the bot.
package struct AdmissionLimits: Sendable, Equatable {
  /// Applies to one person, over all chats.
  package var sender: RateLimit
  /// Applies to groups and guild channels; direct chats have one sender anyway.
  package var group: RateLimit
  /// Applies to all events of one channel together.
  package var channel: RateLimit
  /// Applies to what one address sends without proving who it is: each attempt may cost the check of a signature.
  package var address: RateLimit
  /// How many senders, groups, channels and addresses are told apart at one time.
  package var keys: Int

  /// The defaults suit people who type.
  package init(
    sender: RateLimit = RateLimit(perMinute: 30, burst: 10),
    group: RateLimit = RateLimit(perMinute: 120, burst: 40),
    channel: RateLimit = RateLimit(perMinute: 60_000, burst: 10_000),
    address: RateLimit = RateLimit(perMinute: 300, burst: 100),
    keys: Int = 65_536
  ) {
    self.sender = sender
    self.group = group
    self.channel = channel
    self.address = address
    self.keys = max(1, keys)
  }
}
