/// Signs that are worth something only now: never stored, never repeated, and lost without harm.
package protocol Presence: Sendable {
  /// Whether the chat can show that the robot is at work.
  func showsTyping(in scene: Scene.Kind) -> Bool
  /// Shows that the robot is at work. Ends by itself within 10 s.
  ///
  /// - Parameter sequence: a number among the answers to that message that nothing else uses.
  func showTyping(in conversation: Conversation, answering: MessageReference, sequence: Int) async
  /// Tells the platform, and it the one who pressed, what became of the press. Ends by itself within 10 s.
  func acknowledge(_ press: ButtonPress, in conversation: Conversation, as outcome: PressOutcome) async
}

/// What became of a pressed button.
package enum PressOutcome: Sendable, Equatable {
  case taken
  /// It was decided before.
  case repeated
  /// It is not for this person to decide, or there is nothing to decide.
  case refused
}
