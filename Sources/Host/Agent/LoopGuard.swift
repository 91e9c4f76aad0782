import Core
import Crypto
import Storage

/// Why an answer was not given.
package enum WithheldAnswer: String, Sendable, CaseIterable {
  /// Too many in a row to other bots.
  case bot
  /// The same text again: said so once, or not at all.
  case duplicate
  /// The same hint too often.
  case hint
}

/// Keeps the robot out of endless talk: with somebody who sends everything twice, with another bot, with itself.
///
/// A value that decides; what it decides by is in the store, changed in the transaction that it is about.
struct LoopGuard {
  /// What to do with a message before any work on it.
  enum Admission: Equatable {
    case answer
    /// Say once that it is the same again.
    case refuse
    case ignore(WithheldAnswer)

    /// Why there is no answer.
    var withheld: WithheldAnswer? {
      switch self {
      case .answer: nil
      case .refuse: .duplicate
      case .ignore(let reason): reason
      }
    }
  }

  /// A message as far as it matters here.
  struct Message: Sendable {
    let text: String
    let isBot: Bool
    /// It asks for something that changes nothing: once answered, it may be asked again at once.
    let isRead: Bool
    let receivedAt: Timestamp
  }

  /// Answers in a row to bots without a person's message in between.
  static let botLimit = 3
  /// Identical hints in a row to one sender, within `answerWindow`. Results of commands do not count: they were asked for.
  static let answerLimit = 5
  static let answerWindow = Duration.seconds(60)

  /// 0: duplicates are answered like anything else.
  let duplicateWindow: Duration

  /// After this time what is remembered of a sender decides nothing any more.
  var memory: Duration { max(duplicateWindow, Self.answerWindow) }

  /// Decides on a message that is meant for the robot.
  ///
  /// - Parameters:
  ///   - talker: what is remembered of its sender.
  ///   - botAnswers: answers in a row to bots in its conversation.
  func admission(of message: Message, talker: Talker?, botAnswers: Int) -> Admission {
    if message.isBot, botAnswers >= Self.botLimit { return .ignore(.bot) }
    guard let talker, isDuplicate(message, of: talker) else { return .answer }
    return talker.wasRefused ? .ignore(.duplicate) : .refuse
  }

  private func isDuplicate(_ message: Message, of talker: Talker) -> Bool {
    guard duplicateWindow > .zero, !message.text.isEmpty, talker.said == Self.digest(message.text) else { return false }
    // One conversation is worked on in order, so that the earlier one was answered. Sent before that answer, or soon after: it is
    // not meant.
    return message.receivedAt < talker.answeredAt.advanced(by: message.isRead ? .zero : duplicateWindow)
  }

  /// What to remember of the sender once `message` is answered.
  ///
  /// - Parameters:
  ///   - hint: the answer, when nothing was done but to tell how the robot is used; nil for anything else.
  ///   - talker: what was remembered.
  func remembering(_ message: Message, answeredWith hint: String?, at now: Timestamp, talker: Talker?) -> Talker {
    var next = Talker(said: Self.digest(message.text), answeredAt: now)
    guard let hint = hint.map(Self.digest) else { return next }
    next.hint = hint
    next.hints = 1
    next.hintedAt = now
    if let talker, talker.hint == hint, let first = talker.hintedAt, now.since(first) < Self.answerWindow {
      next.hints = talker.hints + 1
      next.hintedAt = first
    }
    return next
  }

  /// Whether the hint that is remembered last may be said; false when the same was said to this sender too often.
  static func maySayHint(_ talker: Talker) -> Bool { talker.hints <= answerLimit }

  static func digest(_ text: String) -> String {
    SHA256.hash(data: Array(text.utf8)).prefix(8).hexadecimal
  }
}

extension LoopGuard.Message {
  init(_ event: ChatEvent, isRead: Bool) {
    self.init(text: event.text, isBot: event.sender.isBot, isRead: isRead, receivedAt: event.receivedAt)
  }
}

// MARK: - In the store

extension LoopGuard {
  /// Decides on the message of `event`, and remembers what was decided.
  func admit(_ message: Message, of event: ChatEvent, in transaction: Transaction) throws -> Admission {
    let conversation = event.conversation
    let botAnswers = message.isBot ? try transaction.botAnswers(in: conversation) : 0
    var talker = duplicateWindow > .zero ? try transaction.talker(event.sender.id, in: conversation) : nil
    let admission = admission(of: message, talker: talker, botAnswers: botAnswers)
    if admission != .ignore(.bot) {
      try transaction.setBotAnswers(message.isBot ? botAnswers + 1 : 0, in: conversation)
    }
    if admission == .refuse {
      talker?.wasRefused = true
      if let talker { try transaction.remember(talker, of: event.sender.id, in: conversation) }
    }
    return admission
  }

  /// Remembers that the message of `event` is answered with `reply`. False when that must not be said.
  func mayAnswer(
    _ message: Message, of event: ChatEvent, with reply: AgentReply?, in transaction: Transaction
  ) throws -> Bool {
    let (sender, conversation) = (event.sender.id, event.conversation)
    let known = try transaction.talker(sender, in: conversation)
    let hint = reply.flatMap { $0.isHint ? $0.content.text : nil }
    let talker = remembering(message, answeredWith: hint, at: transaction.now, talker: known)
    try transaction.remember(talker, of: sender, in: conversation)
    if known == nil {
      // As many are forgotten as come new, and more: the table stays as small as what it is asked for.
      _ = try transaction.forgetTalkers(before: transaction.now.advanced(by: .zero - memory), limit: 2)
    }
    return hint == nil || Self.maySayHint(talker)
  }
}
