import Core
import Logging
import Operations
import Synchronization
import TestSupport
import Testing

@testable import Gateway

@Suite("Overload", .timeLimit(.minutes(5)))
struct SheddingTests {
  static func event(_ kind: Scene.Kind, _ what: ChatEvent.Kind = .message) -> ChatEvent {
    ChatEvent(
      requestID: RequestID(), receivedAt: Timestamp(seconds: 1000), kind: what,
      conversation: Conversation(channel: "c", account: "a", scene: Scene(kind, "1")), sender: Sender(id: "s", name: ""),
      messageID: "m", text: "", dedupeKeys: ["m"])
  }

  static let press = ChatEvent.Kind.button(ButtonPress(interactionID: "i", buttonID: nil, mustBeAcknowledged: false))

  /// Kind of chat, what happened, how much it matters, and the fill at which it is turned away first.
  static let order: [(ChatEvent, Relevance, Double?)] = [
    (event(.group), .background, 0.70), (event(.guild), .background, 0.70), (event(.private), .background, 0.70),
    (event(.group, .notice(.botAdded)), .background, 0.70), (event(.group, .notice(.botAdded)), .request, 0.70),
    (event(.group), .request, 0.85), (event(.guild), .request, 0.85), (event(.private), .request, 0.95),
    (event(.guildPrivate), .request, 0.95), (event(.group), .decision, nil), (event(.private), .decision, nil),
    (event(.group, press), .background, nil),
  ]

  @Test("What people miss least goes first", arguments: order)
  func steps(event: ChatEvent, relevance: Relevance, limit: Double?) {
    let rank = Shedding.rank(of: event, relevance: relevance)
    for percent in 0...120 {
      let fill = Double(percent) / 100
      let refusal = Shedding.refusal(of: rank, fill: fill)
      #expect((refusal != nil) == (limit.map { fill >= $0 } ?? false))
      guard let refusal else { continue }
      #expect(refusal.status == 503)
      #expect(refusal.code == "overloaded")
      #expect((1...10).contains(refusal.retryAfter ?? 0))
    }
  }

  @Test("A rank is never turned away before one that matters less")
  func monotonic() {
    for percent in 0...100 {
      let taken = Shedding.Rank.allCases.map { Shedding.refusal(of: $0, fill: Double(percent) / 100) == nil }
      #expect(taken == taken.sorted { !$0 && $1 })
    }
  }

  @Test("A filling queue answers 503 with Retry-After, and takes the event once it empties")
  func server() async throws {
    try await LiveServer.run { (server: LiveServer) async throws in
      server.journal.fill(to: 0.9)
      let group = try await RawClient.ask(server.port, Request.post(Request.event("e1", group: "g")))
      #expect(group?.status == 503)
      #expect(group?.headers["retry-after"] == "5")
      #expect(group?.body.contains("\"overloaded\"") == true)
      #expect(try await RawClient.ask(server.port, Request.post(Request.event("e2")))?.status == 200)
      server.journal.fill(to: 0.95)
      #expect(try await RawClient.ask(server.port, Request.post(Request.event("e3")))?.status == 503)
      // Neither is protocol business an event, nor what is ignored anyway.
      #expect(try await RawClient.ask(server.port, Request.post(#"{"type":"control"}"#))?.status == 200)
      server.journal.fill(to: 0.1)
      #expect(try await RawClient.ask(server.port, Request.post(Request.event("e1", group: "g")))?.status == 200)
      #expect(server.journal.messageIDs == ["e2", "e1"])
      #expect(server.counters.value(of: .refusals, "main", "overloaded") == 2)
    }
  }

  @Test("A shed event costs its sender nothing")
  func costsNothing() async throws {
    try await LiveServer.run(limits: AdmissionLimits(sender: RateLimit(perMinute: 1, burst: 1))) {
      (server: LiveServer) async throws in
      for fill in [0.99, 0.99, 0] {
        server.journal.fill(to: fill)
        let answer = try await RawClient.ask(server.port, Request.post(Request.event("e", sender: "s")))
        #expect(answer?.status == (fill > 0 ? 503 : 200))
      }
    }
  }

  @Test("A frame that nobody waits for is dropped at once; another one waits for the queue to empty, and is dropped in the end")
  func frames() async {
    let clock = ManualClock()
    let journal = FakeJournal()
    let pauses = Mutex(0)
    let admission = Admission(
      journal: journal, relevance: { $0.text == "talk" ? .background : .request }, clock: clock.clock, counters: Counters(),
      logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
      pause: { _ in
        // The queue empties while the third pause lasts.
        if pauses.withLock({ count in
          count += 1; return count == 3
        }) {
          journal.fill(to: 0.5)
        }
      })
    let session = FakeSession()
    func admit(_ id: String, _ text: String) async -> FrameVerdict {
      let frame = #"{"type":"event","id":"\#(id)","sender":"\#(id)","group":"g","text":"\#(text)"}"#
      return await admission.admit(frame: Array(frame.utf8), of: session, channel: "sockets")
    }
    journal.fill(to: 0.9)
    guard case .refused(let refusal) = await admit("a", "talk") else {
      Issue.record("taken")
      return
    }
    #expect(refusal.code == "overloaded")
    #expect(pauses.withLock { $0 } == 0)
    #expect(await admit("b", "please") == .taken)
    #expect(pauses.withLock { $0 } == 3)
    journal.fill(to: 0.9)
    guard case .refused = await admit("c", "please") else {
      Issue.record("taken")
      return
    }
    #expect(pauses.withLock { $0 } == 3 + 20)
    #expect(journal.messageIDs == ["b"])
  }
}
