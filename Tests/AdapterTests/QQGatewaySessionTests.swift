import Core
import Testing

@testable import AdapterQQ

@Suite("QQ gateway session")
struct QQGatewaySessionTests {
  private static let position = QQGatewaySession.Position(sessionID: "s1", sequence: 7, botUserID: "b")
  private static let ready = QQControl.ready(Self.readyData)
  private static var readyData: QQReady {
    get {
      guard let ready = try? QQReady(parsing: ["session_id": "s1", "user": ["id": "b"]], sequence: 1) else {
        preconditionFailure("a constant of this test")
      }
      return ready
    }
  }

  /// A session that is connected since second 100 and has taken dispatch 7.
  private static func established(_ intents: [QQIntent] = QQIntent.allCases) -> QQGatewaySession {
    var session = QQGatewaySession(intents: QQIntents(intents), position: nil)
    session.opened(at: .seconds(100))
    _ = session.receive(.hello(heartbeatInterval: .seconds(40)), at: .seconds(100), jitter: 0.5)
    _ = session.receive(ready, at: .seconds(100), jitter: 0)
    _ = session.settled(7)
    return session
  }

  @Test("every close code leads to what its table says", arguments: Vectors.cases("qq-gateway-close-codes"))
  func closeCodes(_ vector: VectorCase) throws {
    let code = UInt16(try #require(vector["code"]?.integer))
    let action = try vector.text("action")
    #expect(QQCloseCode(code).rawValue == action)
    var session = Self.established()
    let next = session.closed(code, at: .seconds(200), jitter: 0.5)
    switch action {
    case "resumeIfSession":
      #expect(session.position == Self.position)
      #expect(next == .init(delay: .seconds(1)))
    case "wait60ThenResume":
      #expect(session.position == Self.position)
      #expect(next.delay == .seconds(60))
    case "identifyAfterBackoff", "dropSessionThenIdentify":
      #expect(session.position == nil)
      #expect(next.delay == .seconds(1))
      #expect(!next.refreshesToken)
    case "refreshTokenThenIdentify":
      #expect(session.position == nil)
      #expect(next.refreshesToken)
    case "reduceIntentsOnceThenStop":
      #expect(next.delay == .seconds(1))
      #expect(session.intents == QQIntents(QQIntent.standard))
      session.opened(at: .seconds(201))
      #expect(session.closed(code, at: .seconds(202), jitter: 0).delay == nil)
    case "stop":
      #expect(next.delay == nil)
      #expect(next.problem?.contains(String(code)) == true)
    default: Issue.record("\(action) is not known")
    }
  }

  @Test("identifies without a session, resumes with one, and asks to keep time")
  func beginnings() {
    var fresh = QQGatewaySession(intents: QQIntents(QQIntent.standard), position: nil)
    fresh.opened(at: .zero)
    let hello = QQControl.hello(heartbeatInterval: .seconds(40))
    #expect(fresh.receive(hello, at: .zero, jitter: 0) == [.keepTime, .identify(QQIntents(rawValue: 1 << 25 | 1 << 26))])
    var known = QQGatewaySession(intents: QQIntents(QQIntent.standard), position: Self.position)
    known.opened(at: .zero)
    #expect(known.receive(hello, at: .zero, jitter: 0) == [.keepTime, .resume(Self.position)])
    #expect(known.receive(hello, at: .zero, jitter: 0).isEmpty)
    #expect(known.receive(.resumed(sequence: 9), at: .zero, jitter: 0) == [.save, .established(problem: nil)])
    #expect(known.position?.sequence == 9)
  }

  @Test("beats in its interval, beginning at a random point, and gives up a silent connection after two intervals and 5 s")
  func heartbeats() {
    var session = Self.established()
    #expect(session.untilTick(at: .seconds(100)) == .seconds(20))
    #expect(session.tick(at: .seconds(119)).isEmpty)
    #expect(session.tick(at: .seconds(120)) == [.heartbeat(sequence: 7)])
    #expect(session.untilTick(at: .seconds(120)) == .seconds(40))
    #expect(session.tick(at: .seconds(160)) == [.heartbeat(sequence: 7)])
    session.heard(at: .seconds(161))
    #expect(session.tick(at: .seconds(200)) == [.heartbeat(sequence: 7)])
    #expect(session.tick(at: .seconds(245)) == [.heartbeat(sequence: 7)])
    #expect(session.tick(at: .seconds(246)) == [.close])
    #expect(session.tick(at: .seconds(247)).isEmpty)
    let next = session.closed(1000, at: .seconds(247), jitter: 0.5)
    #expect(next.delay == .seconds(1))
    #expect(session.position == Self.position)
  }

  @Test("waits 30 s for the greeting")
  func greeting() {
    var session = QQGatewaySession(intents: QQIntents(QQIntent.standard), position: nil)
    session.opened(at: .zero)
    #expect(session.untilTick(at: .zero) == .seconds(30))
    #expect(session.tick(at: .seconds(29)).isEmpty)
    #expect(session.tick(at: .seconds(30)) == [.close])
  }

  @Test("answers a heartbeat request at once")
  func heartbeatRequest() {
    var session = Self.established()
    #expect(session.receive(.heartbeatRequest(data: .null), at: .zero, jitter: 0) == [.heartbeat(sequence: 7)])
  }

  @Test("op 7 resumes at once")
  func reconnect() {
    var session = Self.established()
    #expect(session.receive(.reconnect, at: .seconds(150), jitter: 0) == [.close])
    #expect(session.closed(1000, at: .seconds(150), jitter: 0) == .init(delay: .zero))
    #expect(session.position == Self.position)
  }

  @Test("op 9 begins a new session with a new token; where it allows resuming, that is tried once")
  func invalidSession() {
    var session = Self.established()
    #expect(session.receive(.invalidSession(resumable: true), at: .seconds(150), jitter: 0) == [.close])
    #expect(session.closed(1000, at: .seconds(150), jitter: 1) == .init(delay: .seconds(5)))
    #expect(session.position == Self.position)
    session.opened(at: .seconds(155))
    _ = session.receive(.invalidSession(resumable: true), at: .seconds(156), jitter: 0)
    #expect(session.closed(1000, at: .seconds(156), jitter: 0) == .init(delay: .seconds(2), refreshesToken: true))
    #expect(session.position == nil)
    session = Self.established()
    _ = session.receive(.invalidSession(resumable: false), at: .seconds(150), jitter: 0)
    #expect(session.closed(1000, at: .seconds(150), jitter: 0) == .init(delay: .seconds(2), refreshesToken: true))
    #expect(session.position == nil)
  }

  @Test("what the journal refused is not counted as taken, and neither is what comes behind it")
  func journal() {
    var session = Self.established()
    #expect(session.journalRefused() == [.close])
    #expect(session.isEnding)
    #expect(session.closed(1000, at: .seconds(200), jitter: 0.5).delay == .seconds(1))
    #expect(session.position == Self.position)
  }

  @Test("climbs the ladder, and down again after a connection that lasted")
  func ladder() {
    var session = QQGatewaySession(intents: QQIntents(QQIntent.standard), position: nil)
    let delays = (0..<8).map { _ in session.failed("no", jitter: 0.5).delay }
    #expect(delays == [1, 2, 5, 10, 30, 60, 60, 60].map { .seconds($0) })
    session.opened(at: .zero)
    _ = session.receive(Self.ready, at: .zero, jitter: 0)
    #expect(session.closed(1006, at: .seconds(6), jitter: 0.5).delay == .seconds(1))
  }

  @Test("waits a minute after three connections that were closed at once")
  func shortLives() {
    var session = QQGatewaySession(intents: QQIntents(QQIntent.standard), position: Self.position)
    for expected in [1, 2, 60, 60] {
      session.opened(at: .zero)
      #expect(session.closed(1006, at: .seconds(1), jitter: 0.5).delay == .seconds(expected))
    }
    session.opened(at: .zero)
    #expect(session.closed(1006, at: .seconds(9), jitter: 0.5).delay != .seconds(60))
  }

  @Test("stops after three refused tokens in a row")
  func refusedTokens() {
    var session = QQGatewaySession(intents: QQIntents(QQIntent.standard), position: nil)
    for isLast in [false, false, true] {
      session.opened(at: .zero)
      #expect((session.closed(4004, at: .seconds(10), jitter: 0).delay == nil) == isLast)
    }
  }

  @Test(
    "asks for less after a refused intent, if there is less",
    arguments: [
      (QQIntent.allCases, QQIntent.standard as [QQIntent]?), (QQIntent.standard, [.groupAndC2C]), ([.groupAndC2C], nil),
      ([.guildMessages, .guilds], [.guilds]), ([.guildMessages], nil),
    ])
  func reduction(intents: [QQIntent], reduced: [QQIntent]?) {
    #expect(QQIntents(intents).reduced == reduced.map { QQIntents($0) })
  }
}
