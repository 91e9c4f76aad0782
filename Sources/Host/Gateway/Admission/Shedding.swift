import Core

/// What is turned away while the queue fills up, in which order: whatever people miss least goes first, and the decisions that
/// the robot waits for keep their place until there is none.
enum Shedding {
  /// Least first.
  enum Rank: Int, Sendable, Comparable, CaseIterable {
    /// Talk that the robot only overhears, and notices.
    case background
    /// What somebody in a group or guild channel asks for.
    case group
    /// What somebody asks for in private.
    case direct
    /// Answers to cards, and pressed buttons.
    case decision

    static func < (left: Rank, right: Rank) -> Bool { left.rawValue < right.rawValue }

    /// At which fill of the queue, from 0 to 1, events of this rank are turned away; nil: not before it is full.
    var limit: Double? {
      switch self {
      case .background: 0.70
      case .group: 0.85
      case .direct: 0.95
      case .decision: nil
      }
    }
  }

  static func rank(of event: ChatEvent, relevance: Relevance) -> Rank {
    switch (event.kind, relevance) {
    case (.notice, _): return .background
    case (.button, _), (_, .decision): return .decision
    case (.message, .background): return .background
    case (.message, .request):
      switch event.conversation.scene.kind {
      case .group, .guild: return .group
      case .private, .guildPrivate: return .direct
      }
    }
  }

  /// Why an event of this rank is turned away at this fill of the queue; nil: it is taken.
  static func refusal(of rank: Rank, fill: Double) -> Refusal? {
    guard let limit = rank.limit, fill >= limit else { return nil }
    let retryAfter =
      switch rank {
      case .background: 10
      case .group: 5
      case .direct, .decision: 1
      }
    return Refusal(
      status: 503, code: "overloaded",
      message: "The queue is filling up, and this event can wait; send it again.", retryAfter: retryAfter)
  }
}
