/// What kinds of events a gateway connection asks for.
package enum QQIntent: String, Sendable, CaseIterable {
  case guilds
  case guildMembers = "guild_members"
  case guildMessages = "guild_messages"
  case guildMessageReactions = "guild_message_reactions"
  case directMessage = "direct_message"
  case groupMember = "group_member"
  case groupAndC2C = "group_and_c2c"
  case interaction
  case messageAudit = "message_audit"
  case publicGuildMessages = "public_guild_messages"

  /// What a bot of groups and private chats needs.
  package static let standard: [QQIntent] = [.groupAndC2C, .interaction]

  var bit: Int64 {
    switch self {
    case .guilds: 0
    case .guildMembers: 1
    case .guildMessages: 9
    case .guildMessageReactions: 10
    case .directMessage: 12
    case .groupMember: 24
    case .groupAndC2C: 25
    case .interaction: 26
    case .messageAudit: 27
    case .publicGuildMessages: 30
    }
  }
}

/// A set of intents as the platform writes it.
struct QQIntents: OptionSet, Sendable, Hashable {
  let rawValue: Int64

  init(rawValue: Int64) { self.rawValue = rawValue }

  init(_ intents: some Sequence<QQIntent>) {
    rawValue = intents.reduce(0) { $0 | 1 << $1.bit }
  }

  /// What to ask for after the platform refused one of these without saying which: the part that is usually granted. Nil when
  /// there is nothing less to ask for.
  var reduced: QQIntents? {
    let candidates: [[QQIntent]] = [QQIntent.standard, [.guilds, .guildMembers, .publicGuildMessages], [.groupAndC2C]]
    return candidates.map { intersection(QQIntents($0)) }.first { !$0.isEmpty && $0 != self }
  }
}
