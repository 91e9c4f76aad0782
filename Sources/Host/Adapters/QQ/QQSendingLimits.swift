import Core

/// How much the platform lets one bot say. The platform has changed its numbers often, and certified bots have others: all of them are
/// settings. The defaults are those of bots without certification.
package struct QQSendingLimits: Sendable, Equatable {
  /// Messages of the whole bot in a second.
  package var perSecond = 100
  /// Messages to one chat in a second.
  package var chatPerSecond = 5
  /// Messages to one group or person in a minute that answer nothing.
  package var unaskedPerMinute = 20
  /// Answers to one message in private, and how long they may take.
  package var privateReplies = 4
  package var privateWindow = Duration.seconds(3600)
  /// The same in a group.
  package var groupReplies = 5
  package var groupWindow = Duration.seconds(300)

  /// The published defaults.
  package init() {}

  /// Characters of one message.
  static let textLimit = 2000

  var rules: SendingRules {
    let group = SendingRules.Allowance(replies: groupReplies, window: groupWindow)
    // Guilds count no replies, but close as groups do.
    let guild = SendingRules.Allowance(replies: nil, window: groupWindow)
    let unasked = RateLimit(perMinute: unaskedPerMinute, burst: 5)
    return SendingRules(
      textLimit: Self.textLimit,
      replies: [
        .private: .init(replies: privateReplies, window: privateWindow), .group: group, .guild: guild, .guildPrivate: guild,
      ],
      perChat: RateLimit(perMinute: 60 * chatPerSecond, burst: chatPerSecond),
      perChannel: RateLimit(perMinute: 60 * perSecond, burst: perSecond),
      // The daily quotas cannot be said here; beyond them the platform answers with a code of class `rate`.
      unasked: [
        .private: unasked, .group: unasked, .guild: RateLimit(perMinute: 1, burst: 2),
        .guildPrivate: RateLimit(perMinute: 1, burst: 2),
      ])
  }
}
