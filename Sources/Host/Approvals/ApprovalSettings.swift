package import Core

/// What the operator decides about approvals, beside the rules.
package struct ApprovalSettings: Sendable, Equatable {
  /// Chats that the cards of gates with the scene `ops` are sent to, and decided in.
  package var opsChats: [Conversation] = []
  /// Requests that may wait for approval at once: of one person, of one skill, in one chat.
  package var pendingPerRequester = 2
  package var pendingPerSkill = 5
  package var pendingPerChat = 10

  package init() {}
}
