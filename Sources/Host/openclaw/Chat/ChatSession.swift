import Core
import Foundation

/// One person's talk with the robot, whichever way the lines come in.
struct ChatSession: Sendable {
  let service: any PlaygroundService
  let speaker: Speaker
  /// Shows what the robot said.
  let show: @Sendable (String) async throws -> Void
  /// Tells the person something about the connection.
  let note: @Sendable (String) async throws -> Void
  /// Lets time pass.
  var pause: @Sendable (Duration) async throws -> Void = { try await Task.sleep(for: $0) }

  /// How long one question for messages may wait.
  static let longPoll = Duration.seconds(20)
  /// Between two attempts to find a service that went away.
  static let reconnectPause = Duration.seconds(1)
  /// After so many refusals for being busy, the service counts as unavailable.
  static let busyLimit = 20

  /// The position after everything said so far: what came before this talk is not shown.
  ///
  /// - Throws: `PlaygroundError`, or `PlaygroundRefusal` when this person may not talk there.
  func begin() async throws -> Int64 {
    try await patiently { try await service.messages(after: .latest, wait: .zero, settling: nil, as: speaker) }.last
  }

  /// Says one line; returns the message's id.
  func send(_ text: String) async throws -> String {
    let id = UUID().uuidString.lowercased()
    return try await patiently { try await service.send(text, id: id, as: speaker) }.messageID
  }

  /// Asks once for messages, waits up to `wait` for the first, and shows them.
  func read(after position: Int64, wait: Duration = longPoll, settling message: String? = nil) async throws -> Page {
    let page = try await patiently {
      try await service.messages(after: .after(position), wait: wait, settling: message, as: speaker)
    }
    for message in page.messages { try await show(message.text.printable) }
    return page
  }

  /// Asks again, after the time that the service names, while it is busy.
  private func patiently<Value>(_ ask: () async throws -> PlaygroundAnswer<Value>) async throws -> Value {
    for _ in 0..<Self.busyLimit {
      switch try await ask() {
      case .done(let value): return value
      case .refused(let refusal): throw refusal
      case .busy(let time):
        try await note("the service is busy; trying again in \(time.components.seconds) s")
        try await pause(time)
      }
    }
    throw PlaygroundError(reason: "it stays too busy")
  }
}
