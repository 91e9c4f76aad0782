/// How much an event matters to people who wait for the robot, as far as can be told before it is worked on.
package enum Relevance: Sendable, Hashable, CaseIterable {
  /// Nobody waits: people who talk among themselves, and notices.
  case background
  /// Somebody asks the robot for something.
  case request
  /// Somebody decides what the robot waits for: an answer to a card, or a pressed button.
  case decision
}
