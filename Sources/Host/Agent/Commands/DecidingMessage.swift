import Core

/// Which messages may decide something: what a person says now, in words that can mean nothing else.
///
/// The code and the sender are looked at later; whatever is not such a message is turned away before, and learns nothing.
enum DecidingMessage {
  /// Commands that are taken from such messages only.
  static let verbs: Set<String> = ["approve", "deny", "resolve", "enroll", "mode"]
  /// By the platform's clock, between the sending and the arrival: what took longer was sent again by somebody, or is history.
  static let oldest = Duration.seconds(120)

  /// Why a message decides nothing.
  enum Objection: Equatable {
    /// Bots, and the platform itself, have no say.
    case notAPerson
    /// It quotes, carries or hides something beside the words.
    case notAlone
    case tooOld
  }

  /// Nil when nothing speaks against `event`.
  static func objection(to event: ChatEvent) -> Objection? {
    if event.sender.isBot { return .notAPerson }
    if let sentAt = event.sentAt, event.receivedAt.since(sentAt) > oldest { return .tooOld }
    switch event.kind {
    case .notice: return .notAPerson
    // What it carries was written by us; that it was pressed here and now the platform vouches for.
    case .button: return isPlainASCII(event.text) ? nil : .notAlone
    case .message:
      let isAlone =
        event.isPlain && event.repliesTo == nil && event.attachments.isEmpty && event.mentions.others.isEmpty
        && !event.mentions.everyone
      return isAlone && isPlainASCII(event.text) ? nil : .notAlone
    }
  }

  /// One line of printable ASCII: no letter that looks like another, nothing invisible.
  private static func isPlainASCII(_ text: String) -> Bool {
    text.utf8.allSatisfy { (0x20...0x7e).contains($0) }
  }
}
