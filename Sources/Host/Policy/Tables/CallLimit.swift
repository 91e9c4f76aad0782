package import Core

/// One line of `limits.yaml`: how often, and how many at once, the tools that it fits may be called.
package struct CallLimit: Sendable, Hashable {
  /// Whose calls are counted together.
  package enum Share: String, Sendable, Hashable, CaseIterable {
    /// Those of one person, by whichever account.
    case user
    /// Those of one chat.
    case scene
    /// Those of one channel.
    case channel
    case all
  }

  /// As it stands in the file: a tool's name with `*` for any text, `set/<toolset>`, `effect/read` or `effect/write`.
  package let match: String
  package let per: Share
  /// As it stands in the file: `5/1m`.
  package let pace: String?
  package let rate: RateLimit?
  /// The least time from one call to the next.
  package let cooldown: Duration?
  /// Calls that may run at once.
  package let concurrency: Int?

  /// For people: `set/notes per user, 5/1m, burst 5, cooldown 10s, 1 at once`.
  package var summary: String {
    var parts = ["\(match) per \(per.rawValue)"]
    if let pace, let rate { parts.append("\(pace), burst \(rate.burst)") }
    if let cooldown { parts.append("cooldown \(cooldown.components.seconds)s") }
    if let concurrency { parts.append("\(concurrency) at once") }
    return parts.joined(separator: ", ")
  }
}

/// A limit that counts for a certain call.
package struct CountedLimit: Sendable, Hashable {
  package let limit: CallLimit
  /// What is counted together: the same for all calls that share the allowance.
  package let key: String
}

extension PolicySnapshot {
  /// The limits that a call is counted against, in file order.
  package func limits(on question: CallQuestion) -> [CountedLimit] {
    guard !limits.limits.isEmpty else { return [] }
    let groups = toolsets.groups(of: question.tool.name).map(\.id.string)
    return limits.limits.filter { $0.fits(question.tool, in: groups) }.map { entry in
      let limit = entry.limit
      let sharer =
        switch limit.per {
        case .user: subject(question.requester).principal
        case .scene: question.conversation.description
        case .channel: question.conversation.channel
        case .all: ""
        }
      return CountedLimit(limit: limit, key: "\(limit.match)|\(limit.per.rawValue)|\(sharer)")
    }
  }
}
