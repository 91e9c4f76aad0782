/// Where a message for people goes.
package struct ReplyAddress: Hashable, Codable, Sendable {
  package let conversation: Conversation
  /// The request that the message stems from.
  package let requestID: RequestID
  /// The message it answers; nil for a message of our own accord.
  package let answers: MessageReference?

  package init(conversation: Conversation, requestID: RequestID, answers: MessageReference?) {
    self.conversation = conversation
    self.requestID = requestID
    self.answers = answers
  }
}
