import Core

/// What a message is for: decides whether it may use the last answer that a platform allows.
package enum MessagePurpose: String, Sendable {
  /// On the way to a result: at most all answers but one.
  case interim
  /// The result, or the error: what the last answer is kept for.
  case final
}

/// How often, and until when, one thing that came in may still be answered.
struct ReplyBudget: Equatable {
  /// Who asks for room.
  enum Use {
    case interim, final
    /// Text that was held back earlier: leaves room for an answer of its own and for its result.
    case held
    /// A sign that counts as an answer: only while two are left beside it.
    case typing
  }

  /// A send that starts later might arrive after the window.
  static let margin = Duration.seconds(10)

  let reference: MessageReference
  let closesAt: Timestamp
  /// Nil: as often as we like.
  let replies: Int?
  var used: Int

  func isOpen(at now: Timestamp) -> Bool { now.advanced(by: Self.margin) < closesAt }

  /// Answers that may still be used up.
  func room(for use: Use, at now: Timestamp) -> Int {
    guard isOpen(at: now) else { return 0 }
    guard let replies else { return use == .typing ? 1 : .max }
    let share =
      switch use {
      case .final: replies
      case .interim: replies - 1
      case .held: min(replies - 1, max(1, replies - 2))
      case .typing: used + 3 <= replies ? used + 1 : 0
      }
    return max(0, share - used)
  }
}
