import Core
import Testing

@testable import openclaw

/// A service that gives prepared answers and remembers what it was asked.
private actor ScriptedPlayground: PlaygroundService {
  enum Question: Equatable {
    case send(String)
    case messages(Position, settling: String?)
  }

  private(set) var questions: [Question] = []
  private(set) var ids: [String] = []
  private var sendAnswers: [Result<PlaygroundAnswer<Receipt>, PlaygroundError>]
  private var pages: [Result<PlaygroundAnswer<Page>, PlaygroundError>]

  init(
    sends: [Result<PlaygroundAnswer<Receipt>, PlaygroundError>] = [], pages: [Result<PlaygroundAnswer<Page>, PlaygroundError>]
  ) {
    sendAnswers = sends
    self.pages = pages
  }

  func send(_ text: String, id: String, as speaker: Speaker) async throws(PlaygroundError) -> PlaygroundAnswer<Receipt> {
    questions.append(.send(text))
    ids.append(id)
    guard !sendAnswers.isEmpty else { throw PlaygroundError(reason: "gone") }
    return try sendAnswers.removeFirst().get()
  }

  func messages(
    after position: Position, wait: Duration, settling message: String?, as speaker: Speaker
  ) async throws(PlaygroundError) -> PlaygroundAnswer<Page> {
    questions.append(.messages(position, settling: message))
    guard !pages.isEmpty else { throw PlaygroundError(reason: "gone") }
    return try pages.removeFirst().get()
  }
}

/// What a person would have seen, and how long the client waited.
private actor Screen {
  private(set) var shown: [String] = []
  private(set) var notes: [String] = []
  private(set) var pauses: [Duration] = []

  func show(_ text: String) { shown.append(text) }
  func note(_ text: String) { notes.append(text) }
  func pause(_ time: Duration) { pauses.append(time) }
}

private func page(_ texts: String..., last: Int64, settled: Bool) -> Result<PlaygroundAnswer<Page>, PlaygroundError> {
  .success(.done(Page(messages: texts.map { Page.Message(text: $0, answers: nil) }, last: last, settled: settled)))
}

private func taken(_ id: String) -> Result<PlaygroundAnswer<Receipt>, PlaygroundError> {
  .success(.done(Receipt(messageID: id)))
}

private func session(_ service: ScriptedPlayground, _ screen: Screen) -> ChatSession {
  ChatSession(
    service: service, speaker: Speaker(name: "alice", group: nil), show: { await screen.show($0) },
    note: { await screen.note($0) }, pause: { await screen.pause($0) })
}

private func lines(_ lines: String...) -> AsyncStream<String> {
  AsyncStream { continuation in
    for line in lines { continuation.yield(line) }
    continuation.finish()
  }
}

@Suite struct ChatTests {
  @Test("Piped: each line is said after everything that the one before brought is shown")
  func piped() async throws {
    let service = ScriptedPlayground(
      sends: [taken("m1"), taken("m2")],
      pages: [
        page(last: 7, settled: false), page("one", last: 8, settled: false), page("two", last: 9, settled: true),
        page(last: 9, settled: true),
      ])
    let screen = Screen()
    #expect(try await session(service, screen).talk(lines("hello", "", " \t", "again")))
    #expect(await screen.shown == ["one", "two"])
    #expect(
      await service.questions == [
        .messages(.latest, settling: nil), .send("hello"), .messages(.after(7), settling: "m1"),
        .messages(.after(8), settling: "m1"), .send("again"), .messages(.after(9), settling: "m2"),
      ])
  }

  @Test("A busy service is asked again with the same id after the time it names, and the person is told")
  func busy() async throws {
    let service = ScriptedPlayground(
      sends: [.success(.busy(retryAfter: .seconds(3))), taken("m1")],
      pages: [page(last: 0, settled: false), page("ok", last: 1, settled: true)])
    let screen = Screen()
    #expect(try await session(service, screen).talk(lines("hello")))
    #expect(await screen.pauses == [.seconds(3)])
    #expect(await screen.notes == ["the service is busy; trying again in 3 s"])
    #expect(Set(await service.ids).count == 1)
  }

  @Test("A service that stays busy counts as unavailable")
  func busyForEver() async throws {
    let answers = Array(
      repeating: Result<PlaygroundAnswer<Page>, PlaygroundError>.success(.busy(retryAfter: .seconds(1))),
      count: ChatSession.busyLimit)
    let service = ScriptedPlayground(pages: answers)
    await #expect(throws: PlaygroundError(reason: "it stays too busy")) {
      try await session(service, Screen()).begin()
    }
  }

  @Test("A refused line is told, the next one is said all the same, and the outcome says that not all were taken")
  func refused() async throws {
    let refusal = PlaygroundRefusal(code: "text_too_long", message: "too long\u{1b}[2J", requestID: "r1")
    let service = ScriptedPlayground(
      sends: [.success(.refused(refusal)), taken("m2")],
      pages: [page(last: 0, settled: false), page("ok", last: 1, settled: true)])
    let screen = Screen()
    #expect(try await session(service, screen).talk(lines("long", "short")) == false)
    #expect(await screen.notes == ["refused: too long\\u{1b}[2J (text_too_long, request r1)"])
    #expect(await screen.shown == ["ok"])
  }

  @Test("Piped: a service that goes away ends the talk")
  func gone() async throws {
    let service = ScriptedPlayground(sends: [taken("m1")], pages: [page(last: 0, settled: false)])
    await #expect(throws: PlaygroundError(reason: "gone")) {
      try await session(service, Screen()).talk(lines("hello"))
    }
  }

  @Test("At a terminal a service that goes away is told once and waited for; one that counts anew is read from its beginning")
  func lostAndFound() async throws {
    let lost = Result<PlaygroundAnswer<Page>, PlaygroundError>.failure(PlaygroundError(reason: "gone"))
    let service = ScriptedPlayground(pages: [lost, lost, page(last: 2, settled: false), page("new", last: 3, settled: false)])
    let screen = Screen()
    let (typed, keyboard) = AsyncStream.makeStream(of: String.self)
    let talk = ChatSession(
      service: service, speaker: Speaker(name: "alice", group: nil),
      show: { text in
        await screen.show(text)
        keyboard.finish()
      },
      note: { await screen.note($0) }, pause: { _ in })
    try await talk.converse(typed, from: 40)
    #expect(await screen.shown == ["new"])
    #expect(await screen.notes.prefix(2) == ["connection lost: gone; trying again", "connected again"])
    #expect(
      await service.questions.prefix(4) == [
        .messages(.after(40), settling: nil), .messages(.after(40), settling: nil), .messages(.after(40), settling: nil),
        .messages(.after(0), settling: nil),
      ])
  }

  @Test(
    "Text from outside cannot drive the terminal",
    arguments: [
      ("plain\nlines 你好 👩‍👩‍👧", "plain\nlines 你好 👩‍👩‍👧"), ("\u{1b}]0;x\u{7}", "\\u{1b}]0;x\\u{7}"), ("a\tb\r\nc", "a\\tb\\r\nc"),
      ("\u{9b}2J\u{7f}", "\\u{9b}2J\\u{7f}"), ("\u{202e}evil", "\\u{202e}evil"), ("\u{0}", "\\u{0}"),
    ])
  func printable(text: String, expected: String) {
    #expect(text.printable == expected)
  }
}

@Suite struct PlaygroundAnswerTests {
  private func receipt(_ status: Int, _ body: String, retryAfter: String? = nil) throws -> PlaygroundAnswer<Receipt> {
    try PlaygroundAnswer(status: status, retryAfter: retryAfter, body: body.utf8, read: Receipt.init)
  }

  @Test("Answers are read as the service writes them")
  func read() throws {
    #expect(try receipt(200, #"{"ok":true,"message_id":"m","request_id":"r"}"#) == .done(Receipt(messageID: "m")))
    let text = #"{"messages":[{"id":12,"text":"hi","answers":"m"},{"id":13,"text":"","answers":null}],"last":13,"settled":true}"#
    let page: PlaygroundAnswer<Page> = try PlaygroundAnswer(status: 200, retryAfter: nil, body: text.utf8, read: Page.init)
    let messages = [Page.Message(text: "hi", answers: "m"), Page.Message(text: "", answers: nil)]
    #expect(page == .done(Page(messages: messages, last: 13, settled: true)))
  }

  @Test("A refusal keeps its code and request; too much at once is a matter of time")
  func refusals() throws {
    let body = #"{"error":{"code":"c","message":"m","request_id":"r"}}"#
    #expect(try receipt(400, body) == .refused(PlaygroundRefusal(code: "c", message: "m", requestID: "r")))
    #expect(try receipt(429, body) == .refused(PlaygroundRefusal(code: "c", message: "m", requestID: "r")))
    #expect(try receipt(429, body, retryAfter: "7") == .busy(retryAfter: .seconds(7)))
    #expect(try receipt(503, "", retryAfter: "0") == .busy(retryAfter: .seconds(1)))
    #expect(try receipt(429, body, retryAfter: "9223372036854775807") == .busy(retryAfter: .seconds(60)))
  }

  @Test(
    "What is no OpenClaw service, or one out of order, is unavailable",
    arguments: [(200, "<html>"), (200, "{}"), (200, #"{"ok":false,"message_id":"m"}"#), (302, ""), (404, ""), (500, "oops")])
  func notAService(status: Int, body: String) {
    #expect(throws: PlaygroundError.self) { try receipt(status, body) }
  }

  @Test("A service without a playground says so in its own words")
  func noPlayground() {
    let body = #"{"error":{"code":"not_found","message":"there is no playground here","request_id":"r"}}"#
    #expect(throws: PlaygroundError(reason: "there is no playground here (not_found, request r)")) { try receipt(404, body) }
  }
}
