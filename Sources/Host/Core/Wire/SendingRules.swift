/// How much a platform lets us say.
package struct SendingRules: Sendable, Equatable {
  /// How often, and for how long, one thing that came in may be answered.
  package struct Allowance: Sendable, Equatable {
    /// Nil: as often as we like within the window.
    package let replies: Int?
    /// From the moment it was received.
    package let window: Duration

    package init(replies: Int?, window: Duration) {
      self.replies = replies
      self.window = window
    }
  }

  /// Characters (Unicode scalars) of one message; longer text is split.
  package var textLimit: Int
  /// By kind of chat; one that is missing has no limit of number or time.
  package var replies: [Scene.Kind: Allowance]
  /// Messages of one chat, replies and others together.
  package var perChat: RateLimit?
  /// Messages of the whole channel.
  package var perChannel: RateLimit?
  /// Messages of one chat that answer nothing, by kind of chat; one that is missing has no limit of its own.
  package var unasked: [Scene.Kind: RateLimit]

  package init(
    textLimit: Int, replies: [Scene.Kind: Allowance] = [:], perChat: RateLimit? = nil, perChannel: RateLimit? = nil,
    unasked: [Scene.Kind: RateLimit] = [:]
  ) {
    self.textLimit = textLimit
    self.replies = replies
    self.perChat = perChat
    self.perChannel = perChannel
    self.unasked = unasked
  }
}
