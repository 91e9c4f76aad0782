/// Signs that are worth something only now: never stored, never repeated, and lost without harm.
package protocol Presence: Sendable {
  /// Whether the chat can show that the robot is at work.
  func showsTyping(in scene: Scene.Kind) -> Bool
  /// Shows that the robot is at work. Ends by itself within 10 s.
  ///
  /// - Parameter sequence: a number among the answers to that message that nothing else uses.
  func showTyping(in conversation: Conversation, answering: MessageReference, sequence: Int) async
  /// Tells the platform that a pressed button was taken. Ends by itself within 10 s.
  func acknowledge(_ press: ButtonPress, in conversation: Conversation) async
}
