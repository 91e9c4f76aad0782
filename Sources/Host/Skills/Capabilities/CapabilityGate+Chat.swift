import Core
import Synchronization

extension CapabilityGate {
  static let messagesPerCall = 3
  /// Characters (Unicode scalars) of one message.
  static let longestMessage = 4000

  /// `chat.send`: a message to the chat from which the call came.
  func say(_ request: CapabilityRequest, _ passage: inout Passage) async throws(CapabilityError) -> JSON {
    try request.allow(["text"])
    let text = try request.text("text", longest: 4 * Self.longestMessage)
    guard text.unicodeScalars.count <= Self.longestMessage else {
      throw CapabilityError(.tooLarge, "a message has at most \(Self.longestMessage) characters")
    }
    let grant = passage.grant
    guard let address = grant.origin, let voice = services.voice else {
      throw CapabilityError(.unavailable, "this call did not come from a chat, so there is nobody to send a message to")
    }
    guard grant.messages.admit(atMost: Self.messagesPerCall) else {
      throw CapabilityError(.denied, "a call may send at most \(Self.messagesPerCall) messages")
    }
    guard voices.admit(grant.skill, now: .now) else {
      throw CapabilityError(
        .unavailable, "the skill has sent \(ChatThrottle.perMinute) messages within a minute: try again later")
    }
    passage.target = "\(address.conversation.channel)/\(address.conversation.scene.kind.rawValue)"
    try await begin(passage)
    do {
      try await voice.say(Self.shown(text), to: address)
    } catch {
      throw CapabilityError(.unavailable, "the host's storage is not available now")
    }
    return .null
  }

  /// Line breaks and tabs stay; what is invisible, reorders text or controls a terminal is written out. So that no message can pass
  /// for a card of the host, one that begins like a card gets a mark in front.
  static func shown(_ text: String) -> String {
    var shown = ""
    for scalar in text.unicodeScalars {
      let isControl: Bool
      switch scalar.properties.generalCategory {
      case .control, .lineSeparator, .paragraphSeparator, .surrogate, .unassigned, .privateUse: isControl = true
      // Joiners make emoji and scripts what they are; the other formats hide or turn text.
      case .format: isControl = scalar.value != 0x200c && scalar.value != 0x200d
      default: isControl = false
      }
      if isControl && scalar != "\n" && scalar != "\t" {
        shown += "\\u{\(String(scalar.value, radix: 16))}"
      } else {
        shown.unicodeScalars.append(scalar)
      }
    }
    let lines = shown.split(separator: "\n", omittingEmptySubsequences: false).map { line in
      line.drop { $0.isWhitespace }.lowercased().hasPrefix("[approval") ? "> \(line)" : String(line)
    }
    return lines.joined(separator: "\n")
  }
}

/// At most so many messages of one skill in any minute.
final class ChatThrottle: Sendable {
  static let perMinute = 10
  private static let window: Duration = .seconds(60)

  /// The times of each skill's messages within the last minute.
  private let sent = Mutex<[String: [ContinuousClock.Instant]]>([:])

  func admit(_ skill: String, now: ContinuousClock.Instant) -> Bool {
    sent.withLock { sent in
      let recent = (sent[skill] ?? []).filter { now - $0 < Self.window }
      guard recent.count < Self.perMinute else { return false }
      sent[skill] = recent + [now]
      return true
    }
  }
}
