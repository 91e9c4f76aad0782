import Core

/// Keeps the robot out of endless talk: with somebody who sends everything twice, with another bot, with itself.
///
/// A value without a clock; it holds at most `capacity` chats and people, and forgets those that have been quiet longest.
struct LoopGuard {
  /// What to do with a message before any work on it.
  enum Admission: Equatable {
    case answer
    /// Say once that it is the same again.
    case refuse
    case ignore
  }

  /// A message as far as it matters here.
  struct Message: Sendable {
    let chat: String
    let sender: String
    let text: String
    let isBot: Bool
    /// It asks for something that changes nothing: once answered, it may be asked again at once.
    let isRead: Bool
    let receivedAt: Timestamp
  }

  /// Answers in a row to bots without a person's message in between.
  static let botLimit = 3
  /// Identical hints in a row to one sender, within `answerWindow`. Results of commands do not count: they were asked for.
  static let answerLimit = 5
  static let answerWindow = Duration.seconds(60)
  private static let capacity = 4_096

  private struct Person {
    var text: String
    /// When it was answered; nil while the work on it goes on.
    var answeredAt: Timestamp?
    var wasRefused = false
    var answer: Int?
    var answers = 0
    var firstAnswerAt: Timestamp?
    var seenAt: Timestamp
  }

  private struct Chat {
    var botAnswers = 0
    var seenAt: Timestamp
  }

  /// 0: duplicates are answered like anything else.
  private let duplicateWindow: Duration
  private var people: [[String]: Person] = [:]
  private var chats: [String: Chat] = [:]

  init(duplicateWindow: Duration) {
    self.duplicateWindow = duplicateWindow
  }

  /// Decides on a message that is meant for the robot.
  mutating func admit(_ message: Message) -> Admission {
    makeRoom()
    var chat = chats[message.chat] ?? Chat(seenAt: message.receivedAt)
    defer { chats[message.chat] = chat }
    chat.seenAt = message.receivedAt
    if message.isBot {
      guard chat.botAnswers < Self.botLimit else { return .ignore }
      chat.botAnswers += 1
    } else {
      chat.botAnswers = 0
    }
    let key = [message.chat, message.sender]
    var person = people[key] ?? Person(text: "", seenAt: message.receivedAt)
    defer { people[key] = person }
    person.seenAt = message.receivedAt
    if isDuplicate(message, of: person) {
      defer { person.wasRefused = true }
      return person.wasRefused ? .ignore : .refuse
    }
    person.text = message.text
    person.answeredAt = nil
    person.wasRefused = false
    return .answer
  }

  private func isDuplicate(_ message: Message, of person: Person) -> Bool {
    guard duplicateWindow > .zero, person.text == message.text, !message.text.isEmpty else { return false }
    // Answered before the repeat came in, and long enough ago: it is meant. In flight: it is not.
    guard let answeredAt = person.answeredAt else { return false }
    return message.receivedAt < answeredAt.advanced(by: message.isRead ? .zero : duplicateWindow)
  }

  /// Whether this answer may be said; false when the same was said to this sender too often.
  ///
  /// - Parameter hint: the answer, when nothing was done but to tell how the robot is used; nil for anything else.
  mutating func mayAnswer(_ message: Message, with hint: String?, at now: Timestamp) -> Bool {
    let key = [message.chat, message.sender]
    guard var person = people[key] else { return true }
    defer { people[key] = person }
    person.answeredAt = now
    guard let answer = hint?.hashValue else {
      person.answer = nil
      return true
    }
    if person.answer == answer, let first = person.firstAnswerAt, now.since(first) < Self.answerWindow {
      person.answers += 1
    } else {
      person.answer = answer
      person.answers = 1
      person.firstAnswerAt = now
    }
    return person.answers <= Self.answerLimit
  }

  private mutating func makeRoom() {
    if people.count >= Self.capacity {
      let oldest = people.sorted { $0.value.seenAt < $1.value.seenAt }.prefix(Self.capacity / 4)
      for (key, _) in oldest { people[key] = nil }
    }
    if chats.count >= Self.capacity {
      let oldest = chats.sorted { $0.value.seenAt < $1.value.seenAt }.prefix(Self.capacity / 4)
      for (key, _) in oldest { chats[key] = nil }
    }
  }
}

extension LoopGuard.Message {
  init(_ event: ChatEvent, isRead: Bool) {
    self.init(
      chat: event.conversation.description, sender: event.sender.id, text: event.text, isBot: event.sender.isBot, isRead: isRead,
      receivedAt: event.receivedAt)
  }
}
