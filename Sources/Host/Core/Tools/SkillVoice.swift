/// Says what skills have to say to people; the `chat.send` capability stands on it.
package protocol SkillVoice: Sendable {
  /// Returns when the message is on its way for sure: written down, not delivered.
  func say(_ text: String, to address: ReplyAddress) async throws
}
