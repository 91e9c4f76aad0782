import Audit
import Core
import Policy
import Storage

/// Who is told what, beside the answer to whoever spoke.
extension Approvals {
  /// The chats beside the one where it was asked for in which a request may be decided: ops chats, and those of people who could.
  func otherChats(for record: WriteCall, gates: [Gate], in transaction: Transaction) throws -> [Conversation] {
    var chats: [Conversation] = []
    if gates.contains(where: { $0.places.contains(.ops) }) { chats += settings.opsChats }
    if gates.contains(where: { $0.places.contains(.dm) }) {
      chats += try transaction.adminChats().filter { chat in
        gates.contains { counts(chat.sender, in: chat.conversation, at: $0, on: record, at: transaction.now) }
      }.map(\.conversation)
    }
    return chats.reduce(into: []) { unique, chat in
      if chat != record.conversation, !unique.contains(chat) { unique.append(chat) }
    }
  }

  /// Says it wherever the card went.
  ///
  /// - Parameter except: a chat that is told otherwise.
  func tellElsewhere(
    _ content: MessageContent, of record: WriteCall, except: Conversation? = nil, in transaction: Transaction
  ) throws {
    for chat in record.forwarded where chat != except {
      try transaction.enqueue(
        content, to: ReplyAddress(conversation: chat, requestID: record.requestID, answers: nil), as: .final)
    }
  }

  /// Says how a call ended where it was asked for and wherever its card went, once each.
  func tell(_ text: String, of record: WriteCall, except: Conversation? = nil, in transaction: Transaction) throws {
    if record.conversation != except { try transaction.enqueue(text, to: record.reply) }
    try tellElsewhere(MessageContent(text: text), of: record, except: except, in: transaction)
  }

  // MARK: Fatigue

  /// Decisions that are looked at together, the share of approvals among them, and the time, past which nobody can have read the cards.
  private static let watched = 20
  private static let share = 0.95
  private static let fastest = Duration.seconds(3)
  private static let alertEvery = Duration.seconds(86_400)
  private static let toldAt = "approvals.fatigue_told_at"

  /// Tells the admins, once a day at most, when nearly everything is approved faster than it can be read.
  func watchForFatigue(after record: WriteCall, in transaction: Transaction) throws {
    let last = try transaction.lastDecisions(Self.watched)
    guard last.count == Self.watched, Double(last.count(where: \.isApproval)) > Self.share * Double(Self.watched),
      last.map(\.took).sorted()[Self.watched / 2] < Self.fastest
    else { return }
    let before = try transaction.setting(Self.toldAt).flatMap { Int64($0) }.map { Timestamp(milliseconds: $0) }
    if let before, transaction.now.since(before) < Self.alertEvery { return }
    try transaction.set("\(transaction.now.milliseconds)", forSetting: Self.toldAt)
    try witness(.approvalFatigue, record, reason: "approved_unread", in: transaction)
    let text = """
      The last \(Self.watched) requests were all but without exception approved, half of them within \(Self.fastest.components.seconds) s: \
      nobody reads cards that fast. Consider rules that let harmless calls run by themselves, and gates with confirm: typed for the rest.
      """
    try transaction.tellAdmins(MessageContent(text: text), about: record.requestID) { policy.subject($0).isAdmin }
  }
}
