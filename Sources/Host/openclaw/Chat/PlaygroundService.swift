import Core

/// Who talks, and where: a group, or the private chat with the robot.
struct Speaker: Sendable, Equatable {
  let name: String
  let group: String?
}

/// The two questions a chat client asks the service.
protocol PlaygroundService: Sendable {
  /// Says `text`. The same `id` may be sent again without being heard twice.
  func send(_ text: String, id: String, as speaker: Speaker) async throws(PlaygroundError) -> PlaygroundAnswer<Receipt>

  /// What the robot has said since `position`; waits up to `wait` for the first of it.
  ///
  /// - Parameter message: the message whose answers are awaited, if any.
  func messages(
    after position: Position, wait: Duration, settling message: String?, as speaker: Speaker
  ) async throws(PlaygroundError) -> PlaygroundAnswer<Page>
}

/// What came back of a question.
enum PlaygroundAnswer<Value: Sendable & Equatable>: Sendable, Equatable {
  case done(Value)
  /// Too much at once; the same question may be asked again after the time.
  case busy(retryAfter: Duration)
  case refused(PlaygroundRefusal)
}

/// Why the service said no.
struct PlaygroundRefusal: Error, Sendable, Equatable, CustomStringConvertible {
  let code: String
  let message: String
  let requestID: String?

  var description: String {
    requestID.map { "\(message) (\(code), request \($0))" } ?? "\(message) (\(code))"
  }
}

/// There is no service to talk to; the text says where and why.
struct PlaygroundError: Error, Sendable, Equatable {
  let reason: String
}

/// The service has the message.
struct Receipt: Sendable, Equatable {
  let messageID: String
}

/// Where reading begins.
enum Position: Sendable, Equatable {
  /// After everything that has been said so far.
  case latest
  case after(Int64)
}

/// A run of messages from the robot.
struct Page: Sendable, Equatable {
  struct Message: Sendable, Equatable {
    let text: String
    /// The message that this one answers, if it answers one.
    let answers: String?
  }

  let messages: [Message]
  /// Where the next page begins.
  let last: Int64
  /// Whether everything that the robot says at once to the awaited message is on this page or earlier ones.
  let settled: Bool
}
