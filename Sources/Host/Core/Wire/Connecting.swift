/// A channel that opens its connection to the platform by itself.
package protocol ConnectingChannel: Sendable {
  /// The configured name.
  var name: String { get }
  /// Whether it may run at one instance of the service only, because what it connects to would send everything to each.
  var isExclusive: Bool { get }
  /// Connects, and connects again whenever the connection ends; returns soon after the task was cancelled.
  ///
  /// - Parameters:
  ///   - intake: where every frame goes before it counts as received.
  ///   - status: told whether the channel works, at each change.
  func run(_ intake: any FrameIntake, status: ChannelStatus) async
}

/// What became of one WebSocket frame. Every refusal has been counted and logged already.
package enum FrameVerdict: Sendable, Equatable {
  /// Committed, recognised as a duplicate, dealt with by the adapter, or ignored.
  case taken
  /// Well-formed, but turned away.
  case refused(Refusal)
  /// Not a JSON object.
  case malformed(Refusal)
}

/// The gateway, as a channel sees it that reads frames by itself.
package protocol FrameIntake: Sendable {
  /// Takes one text frame through admission. Frames of one socket must be offered one at a time; `.taken` means that
  /// an event in it is on disk, or was before.
  func admit(frame: [UInt8], of session: some SocketSession, channel: String) async -> FrameVerdict
}

/// How a channel says whether it works.
package struct ChannelStatus: Sendable {
  private let report: @Sendable (_ problem: String?) -> Void

  package init(_ report: @escaping @Sendable (_ problem: String?) -> Void) {
    self.report = report
  }

  /// A status that nobody listens to.
  package static let unobserved = ChannelStatus { _ in }

  package func works() { report(nil) }

  /// - Parameter problem: what is wrong and how to mend it, in one line without secrets.
  package func isDegraded(_ problem: String) { report(problem) }
}

/// Small notes of a channel that survive a restart, such as where a session can be resumed.
package protocol ChannelMemory: Sendable {
  /// Nil when nothing was noted, or it cannot be read.
  func note(_ name: String, of channel: String) async -> String?
  /// Returns once it is on disk; an empty note forgets. Throws when it cannot be written.
  func keep(_ note: String, as name: String, of channel: String) async throws
}
