package import Core

extension Transaction {
  /// Notes where this admin can be reached alone. Writes only when that changed.
  package func noteAdminChat(of sender: String, in conversation: Conversation) throws {
    try run(
      """
      INSERT INTO admin_chat (person, conversation) VALUES (?, ?)
      ON CONFLICT (person) DO UPDATE SET conversation = excluded.conversation WHERE admin_chat.conversation <> excluded.conversation
      """, [sender, try StoredText.encode(conversation)])
  }

  /// Says the same to every admin, where that admin last wrote to the robot alone.
  ///
  /// - Parameters:
  ///   - except: a conversation that knows already.
  ///   - isAdmin: whether this sender still is one.
  package func tellAdmins(
    _ content: MessageContent, about requestID: RequestID, except: Conversation? = nil, isAdmin: (String) -> Bool
  ) throws {
    for chat in try adminChats() where chat.conversation != except && isAdmin(chat.sender) {
      try enqueue(content, to: ReplyAddress(conversation: chat.conversation, requestID: requestID, answers: nil), as: .final)
    }
  }

  /// Where those who were admins when they wrote can be reached; at most 50. Whether they still are is for the rules to say.
  package func adminChats() throws -> [(sender: String, conversation: Conversation)] {
    try rows("SELECT person, conversation FROM admin_chat ORDER BY person LIMIT 50", [])
      .map { (try $0["person"], try StoredText.decode(try $0["conversation"])) }
  }
}
