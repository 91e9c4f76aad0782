import Core
import Foundation
import Testing

/// One document of one adapter.
struct InboundCase: Sendable, CustomTestStringConvertible {
  let adapter: AdapterUnderTest
  let document: VectorCase

  var testDescription: String { "\(adapter.kind): \(document.name)" }

  static let all = AdapterUnderTest.all.flatMap { adapter in
    adapter.documents.map { InboundCase(adapter: adapter, document: $0) }
  }

  /// The event in the document; nil when it is none, or is refused as it may be.
  func event(_ requestID: RequestID = RequestID()) throws -> ChatEvent? {
    do {
      guard case .event(let event) = try adapter.interpret(document, requestID) else { return nil }
      return event
    } catch let refusal as Refusal {
      #expect((400..<500).contains(refusal.status), "\(refusal)")
      return nil
    }
  }
}

@Suite("Every adapter, inwards")
struct InboundConformanceTests {
  @Test(
    "gives an event an identity, a chat of this channel, and words on which rules and people can rely", arguments: InboundCase.all
  )
  func normalised(_ inbound: InboundCase) throws {
    let requestID = RequestID()
    guard let event = try inbound.event(requestID) else { return }
    #expect(event.requestID == requestID)
    #expect(event.receivedAt == AdapterUnderTest.receivedAt)
    #expect(event.conversation.channel == "main")
    #expect(!event.conversation.account.isEmpty)
    #expect(!event.conversation.scene.id.isEmpty)
    #expect(event.sender.id.hasPrefix("\(inbound.adapter.kind):"))
    #expect(event.sender.id.split(separator: ":").count >= 3)
    #expect(!event.messageID.isEmpty)
    #expect(event.text == event.text.trimmingCharacters(in: .whitespacesAndNewlines))
    #expect(!event.sender.name.contains { $0.isNewline })
    #expect(event.attachments.allSatisfy { $0.url.map { $0.hasPrefix("https://") || $0.hasPrefix("http://") } ?? true })
    if event.kind != .message { #expect(event.reference.kind == .event) }
  }

  @Test("knows a document again that comes twice", arguments: InboundCase.all)
  func redelivered(_ inbound: InboundCase) throws {
    guard let first = try inbound.event(), let second = try inbound.event() else { return }
    #expect(!first.dedupeKeys.isEmpty)
    #expect(first.dedupeKeys == second.dedupeKeys)
    #expect(first.requestID != second.requestID)
  }

  @Test("gives events that survive the journal", arguments: InboundCase.all)
  func stored(_ inbound: InboundCase) throws {
    guard let event = try inbound.event() else { return }
    let stored = try JSONEncoder().encode(event)
    #expect(try JSONDecoder().decode(ChatEvent.self, from: stored) == event)
  }

  @Test("never takes another bot's words, or its own, for a person's", arguments: InboundCase.all)
  func bots(_ inbound: InboundCase) throws {
    let expected = inbound.document["expected"]
    guard expected?["kind"] == "selfMessage" || expected?["senderIsBot"] == true else { return }
    #expect(try inbound.event() == nil)
  }
}

@Suite("Every adapter, outwards", .timeLimit(.minutes(5)))
struct OutboundConformanceTests {
  struct Case: Sendable, CustomTestStringConvertible {
    let adapter: AdapterUnderTest
    let outbound: AdapterUnderTest.Outbound

    var testDescription: String { "\(adapter.kind): \(outbound.name)" }

    static let all = AdapterUnderTest.all.flatMap { adapter in
      adapter.outbound.map { Case(adapter: adapter, outbound: $0) }
    }
  }

  @Test("makes of a message exactly the requests that the protocol asks for", arguments: Case.all)
  func exact(_ test: Case) async throws {
    try await FakePlatform.run(test.adapter.script) { platform in
      try await withHTTPClient { client in
        _ = try await test.adapter.deliverer(platform.base, client).deliver(test.outbound.message)
      }
      let calls = platform.requests.filter { !$0.path.hasSuffix("/token") }
      #expect(calls.map { AdapterUnderTest.Call(method: $0.method, path: $0.path, body: $0.body) } == test.outbound.calls)
    }
  }

  /// A fault and what an adapter may say of it. Nothing here may pass for a delivery.
  enum Fault: String, CaseIterable, Sendable {
    case hangsUp, serverError, notJSON, tooManyRequests, hugeAnswer, tokenRefused

    var reply: FakePlatform.Reply {
      switch self {
      case .hangsUp: .hangUp
      case .serverError: .answer(status: 502, body: "<html>bad gateway</html>")
      case .notJSON: .answer(status: 200, body: "fine")
      case .tooManyRequests: .answer(status: 429, body: "")
      case .hugeAnswer: .answer(status: 200, body: "{\"id\":\"" + String(repeating: "x", count: 1 << 20) + "\"}")
      case .tokenRefused: .answer(status: 401, body: "")
      }
    }

    func allows(_ advice: DeliveryError.Advice, recognisesRepeats: Bool) -> Bool {
      switch (self, advice) {
      // It may have been shown: never "nothing was sent", for that would be sent again where repeats are not recognised.
      case (.hangsUp, .ambiguous), (.serverError, .ambiguous), (.notJSON, .ambiguous), (.hugeAnswer, .ambiguous): true
      case (.tooManyRequests, .retry), (.tokenRefused, .retry): true
      case (.tokenRefused, .giveUp): recognisesRepeats
      default: false
      }
    }
  }

  @Test("names what a fault means for the message", arguments: AdapterUnderTest.all, Fault.allCases)
  func faults(_ adapter: AdapterUnderTest, _ fault: Fault) async throws {
    let script = adapter.script.merging([adapter.probe.path: [fault.reply]]) { $1 }
    try await FakePlatform.run(script) { platform in
      try await withHTTPClient { client in
        let deliverer = try adapter.deliverer(platform.base, client)
        let error = await #expect(throws: DeliveryError.self) { try await deliverer.deliver(adapter.probe.message) }
        let advice = try #require(error?.advice)
        #expect(fault.allows(advice, recognisesRepeats: deliverer.recognisesRepeats), "\(advice)")
      }
    }
  }

  @Test("says that nothing was sent when nobody listens", arguments: AdapterUnderTest.all)
  func unreachable(_ adapter: AdapterUnderTest) async throws {
    let base = try await FakePlatform.run([:]) { $0.base }
    try await withHTTPClient { client in
      let deliverer = try adapter.deliverer(base, client)
      let error = await #expect(throws: DeliveryError.self) { try await deliverer.deliver(adapter.probe.message) }
      guard case .retry = error?.advice else {
        Issue.record("\(String(describing: error))")
        return
      }
    }
  }

  @Test("says how much may be said", arguments: AdapterUnderTest.all)
  func rules(_ adapter: AdapterUnderTest) async throws {
    try await withHTTPClient { client in
      let rules = try adapter.deliverer("http://127.0.0.1:9", client).rules
      #expect((500...20_000).contains(rules.textLimit))
      for allowance in rules.replies.values {
        #expect(allowance.window > .zero)
        #expect(allowance.replies.map { $0 > 1 } ?? true)
      }
    }
  }
}
