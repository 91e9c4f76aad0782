package import Core
import Foundation
package import Policy
package import Storage

/// The message that asks admins for a decision. Rendered from the record alone; nobody else's words can stand outside its argument lines.
package enum ApprovalCard {
  /// Scalars of an outcome that are shown.
  private static let shownScalars = 400

  package static func text(for call: WriteCall, gates: [Gate]) -> String {
    text(for: call, progress: gates.map { GateProgress($0) })
  }

  package static func text(for call: WriteCall, progress: [GateProgress]) -> String {
    var lines = ["[approval] \(call.code) · WRITE · tool \(ShownText.identifier(call.tool))"]
    lines.append("skill \(ShownText.identifier(call.skill)) @ \(call.build.prefix(8))")
    lines.append(asker(of: call))
    lines += ShownArguments(of: call).onCard
    lines += progress.map(\.text)
    lines.append("expires \(time(call.expiresAt)) · digest \(digest(of: call))")
    let isTyped = progress.contains { $0.gate.confirm == .typed }
    lines.append("/approve \(call.code)\(isTyped ? " and the last four of the digest" : "")   or   /deny \(call.code)")
    return lines.joined(separator: "\n")
  }

  /// The card with a button for each word that decides it. The buttons only type for the one who presses; what has to be typed has none.
  package static func content(for call: WriteCall, progress: [GateProgress]) -> MessageContent {
    let approve = MessageContent.Button(label: "Approve", data: "/approve \(call.code)", isPrimary: true)
    let deny = MessageContent.Button(label: "Deny", data: "/deny \(call.code)")
    let isTyped = progress.contains { $0.gate.confirm == .typed }
    return MessageContent(text: text(for: call, progress: progress), buttons: [isTyped ? [deny] : [approve, deny]])
  }

  /// As much of the digest as is shown: what is voted on is told apart by it.
  package static func digest(of call: WriteCall) -> String { "\(call.digest.prefix(8))…\(call.digest.suffix(4))" }

  /// Tells that a call is not approved in chat, and how it is.
  package static func tooLong(_ call: WriteCall) -> String {
    "\(call.code) (\(call.tool)) is too long to be approved in chat; the operator does: openclaw approvals show \(call.code)"
  }

  /// Tells that somebody's word has ended a request.
  package static func ended(_ call: WriteCall, by sender: String) -> String {
    "\(call.code) (\(call.tool), \(digest(of: call))) \(call.state.rawValue) by \(ShownText.identifier(sender, limit: 96)); it will not run."
  }

  /// Tells that nobody knows what came of a call, with a button for each word that settles it.
  package static func unknown(_ call: WriteCall, because reason: String) -> MessageContent {
    let words = Approvals.Resolution.allCases
    let text = """
      \(call.code) (\(call.tool)): outcome unknown, \(reason). It is not repeated by itself. An admin who has looked may answer \
      \(words.map { "/resolve \(call.code) \($0.rawValue)" }.joined(separator: ", "))
      """
    let labels: [Approvals.Resolution: String] = [.done: "It is done", .failed: "It failed", .retry: "Run it again"]
    return MessageContent(
      text: text,
      buttons: [words.map { .init(label: labels[$0] ?? $0.rawValue, data: "/resolve \(call.code) \($0.rawValue)") }])
  }

  /// Everything about a call, with one page of its arguments: the answer to `/show`. Nil when there is no such page.
  package static func details(of call: WriteCall, votes: [Vote], page: Int = 1) -> String? {
    let pages = ShownArguments(of: call).pages
    guard (1...pages.count).contains(page) else { return nil }
    if page > 1 { return "\(call.code), page \(page) of \(pages.count):\n\(pages[page - 1])" }
    var lines = ["\(call.code): \(ShownText.identifier(call.tool)), \(call.state.rawValue)", asker(of: call), pages[0]]
    if pages.count > 1 { lines.append("page 1 of \(pages.count); the next: /show \(call.code) 2") }
    lines += votes.map { vote in
      "\(vote.verb.rawValue) by \(ShownText.identifier(vote.person, limit: 64))" + (vote.voided.map { " (\($0))" } ?? "")
    }
    lines.append("asked \(time(call.createdAt)), expires \(time(call.expiresAt))")
    lines.append("build \(call.build)")
    lines.append("digest \(call.digest)")
    if let outcome = call.outcome { lines.append("outcome: \(ShownText.escape(outcome, limit: shownScalars))") }
    return lines.joined(separator: "\n")
  }

  /// One line for lists.
  package static func summary(of call: WriteCall) -> String {
    let next = call.state == .unknown ? "/resolve \(call.code) done, failed or retry" : "expires \(time(call.expiresAt))"
    return "\(call.code) \(call.tool) · \(call.state.rawValue) · \(ShownText.identifier(call.requester, limit: 64)) · \(next)"
  }

  private static func asker(of call: WriteCall) -> String {
    let id = ShownText.identifier(call.requester, limit: 96)
    let name = ShownText.escape(call.requesterName, limit: 16)
    return "asked by \(id) (\(name)) in \(ShownText.identifier(call.conversation.scene.description, limit: 96))"
  }

  private static func time(_ timestamp: Timestamp) -> String {
    Date(timeIntervalSince1970: TimeInterval(timestamp.seconds)).formatted(.iso8601)
  }
}
