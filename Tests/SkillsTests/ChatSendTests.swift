import Core
import SkillLoader
import Synchronization
import Testing

@testable import Skills

@Suite("chat.send, log and the witness")
struct ChatSendTests {
  private final class Voice: SkillVoice {
    struct Mute: Error {}

    let said = Recorder<String>()
    let isMute: Bool

    init(isMute: Bool = false) {
      self.isMute = isMute
    }

    func say(_ text: String, to address: ReplyAddress) async throws {
      guard !isMute else { throw Mute() }
      said.add(text)
    }
  }

  private final class Witness: CapabilityWitness {
    struct Full: Error {}

    let lines = Recorder<String>()
    let isFull: Bool

    init(isFull: Bool = false) {
      self.isFull = isFull
    }

    func begin(_ record: CapabilityRecord) async throws {
      guard !isFull else { throw Full() }
      note(record)
    }

    func note(_ record: CapabilityRecord) {
      lines.add("\(record.capability) \(record.outcome.rawValue) \(record.target ?? "-")")
    }
  }

  private static let address = ReplyAddress(
    conversation: Conversation(channel: "main", account: "bot", scene: Scene(.group, "1")), requestID: RequestID(),
    answers: MessageReference(messageID: "m"))

  private func gate(_ voice: Voice? = nil, _ witness: Witness? = nil) -> CapabilityGate {
    var services = CapabilityServices(store: MemoryStore(), policy: OpenPolicy())
    services.voice = voice
    services.witness = witness
    return CapabilityGate(services, clock: .system)
  }

  private func grant(
    _ effect: Effect = .write, scopes: Set<Scope> = [.chatSend], origin: ReplyAddress? = Self.address,
    skill: String = "org.example"
  ) -> CallGrant {
    CallGrant(
      skill: skill, build: "ab", tool: "t", effect: effect, scopes: scopes, requester: "a:b", requestID: RequestID(),
      origin: origin)
  }

  private func send(_ text: String, _ gate: CapabilityGate, _ grant: CallGrant) async -> Int32 {
    let json = JSON.object(["text": .string(text)]).canonicalBytes
    return await gate.answer(CapabilityQuestion(name: "chat.send", json: json), under: grant).status
  }

  @Test("a message goes to the chat of the call, after it was witnessed")
  func sends() async {
    let (voice, witness) = (Voice(), Witness())
    #expect(await send("hello\n世界", gate(voice, witness), grant()) == OC_OK)
    #expect(voice.said.all == ["hello\n世界"])
    #expect(witness.lines.all == ["chat.send begun main/group", "chat.send ok main/group"])
  }

  @Test("what cannot be witnessed is not said")
  func unwitnessed() async {
    let voice = Voice()
    #expect(await send("hello", gate(voice, Witness(isFull: true)), grant()) == OC_UNAVAILABLE)
    #expect(voice.said.all.isEmpty)
  }

  @Test("a call says three things, a skill ten within a minute")
  func throttles() async {
    let voice = Voice()
    let gate = gate(voice)
    var answers: [Int32] = []
    for _ in 0..<4 {
      let grant = grant()
      for _ in 0..<4 { answers.append(await send("x", gate, grant)) }
    }
    #expect(answers.prefix(4) == [OC_OK, OC_OK, OC_OK, OC_DENIED])
    #expect(answers.count { $0 == OC_OK } == ChatThrottle.perMinute)
    #expect(answers.last == OC_DENIED || answers.last == OC_UNAVAILABLE)
    #expect(await send("x", gate, grant(skill: "org.other")) == OC_OK)
    let throttle = ChatThrottle()
    let start = ContinuousClock.now
    for _ in 0..<ChatThrottle.perMinute { #expect(throttle.admit("a", now: start)) }
    #expect(!throttle.admit("a", now: start + .seconds(59)))
    #expect(throttle.admit("a", now: start + .seconds(60)))
  }

  @Test("who may not speak, and has nobody to speak to, is told so")
  func refused() async {
    let voice = Voice()
    let gate = gate(voice)
    #expect(await send("x", gate, grant(.read)) == OC_DENIED)
    #expect(await send("x", gate, grant(scopes: [])) == OC_DENIED)
    #expect(await send("x", gate, grant(origin: nil)) == OC_UNAVAILABLE)
    #expect(await send(String(repeating: "x", count: 4001), gate, grant()) == OC_TOO_LARGE)
    #expect(await send(String(repeating: "世", count: 4000), gate, grant()) == OC_OK)
    #expect(await send("x", self.gate(Voice(isMute: true)), grant()) == OC_UNAVAILABLE)
    #expect(voice.said.all.count == 1)
  }

  @Test(
    "what hides, turns or controls is written out, and nothing looks like a card",
    arguments: [
      ("a\u{1b}[31mb", "a\\u{1b}[31mb"), ("a\0b", "a\\u{0}b"), ("a\u{202e}b", "a\\u{202e}b"), ("a\r\nb", "a\\u{d}\nb"),
      ("\tx\n", "\tx\n"), ("👩\u{200d}🚀", "👩\u{200d}🚀"), ("[approval] ABCD1234", "> [approval] ABCD1234"),
      ("fine\n  [Approval] X", "fine\n>   [Approval] X"),
    ])
  func shown(_ text: String, _ expected: String) {
    #expect(CapabilityGate.shown(text) == expected)
  }

  @Test("a line for the log is checked for form, and needs no scope")
  func log() async {
    let gate = gate()
    func ask(_ json: String) async -> Int32 {
      await gate.answer(CapabilityQuestion(name: "log", json: Array(json.utf8)), under: grant(.read, scopes: [])).status
    }
    #expect(await ask(#"{"level":"info","line":"hello"}"#) == OC_OK)
    #expect(await ask(#"{"level":"loud","line":"hello"}"#) == OC_BAD_ARGUMENT)
    #expect(await ask(#"{"level":"info"}"#) == OC_BAD_ARGUMENT)
  }
}
