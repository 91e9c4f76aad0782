import Core
import Policy
import Storage
import Testing

@testable import Approvals

@Suite("Approval cards")
struct CardTests {
  @Test(
    "what cannot be seen, or looks like something else, is spelt out",
    arguments: [
      ("plain text, 中文 ok", "plain text, 中文 ok"),
      ("a\nb", #"a\u{a}b"#),
      ("a\u{202e}b", #"a\u{202e}b"#),
      ("a\u{200b}\u{200b}\u{200b}b", #"a\u{200b}·×3b"#),
      ("a\u{00a0}b", #"a\u{a0}b"#),
      ("a\u{2800}b", #"a\u{2800}b"#),
      ("a\u{3164}b", #"a\u{3164}b"#),
      ("a\u{e0041}b", #"a\u{e0041}b"#),
      ("a\u{fe0f}b", #"a\u{fe0f}b"#),
      ("a\u{2028}b", #"a\u{2028}b"#),
    ])
  func escapes(text: String, shown: String) {
    #expect(ShownText.escape(text) == shown)
  }

  @Test("long text shows its beginning, its end and how much is between")
  func long() {
    let text = String(repeating: "a", count: 300) + "MIDDLE" + String(repeating: "z", count: 300)
    let shown = ShownText.escape(text, limit: 400)
    #expect(shown.hasPrefix(String(repeating: "a", count: 200) + "…(206 more)…"))
    #expect(shown.hasSuffix(String(repeating: "z", count: 200)))
  }

  @Test(
    "T7: a word that mixes alphabets, and an address that is not all ASCII, is followed by its code points",
    arguments: [
      ("pаypal", "pаypal⟨U+430⟩"), ("рaypal and paypal", "рaypal⟨U+440⟩ and paypal"), ("αlpha", "αlpha⟨U+3B1⟩"),
      ("ａdmin", "ａdmin⟨U+FF41⟩"), ("𝐚dmin", "𝐚dmin⟨U+1D41A⟩"), ("раураӏ.com", "раураӏ.com⟨U+440 U+430 U+443 U+440 U+430 U+4CF⟩"),
      ("notes/会议", "notes/会议⟨U+4F1A U+8BAE⟩"), ("中文.例", "中文.例⟨U+4E2D U+6587 U+4F8B⟩"), ("a@ｂ", "a@ｂ⟨U+FF42⟩"),
      ("id_ß", "id_ß⟨U+DF⟩"), ("admin１", "admin１⟨U+FF11⟩"),
      // What people write every day stays as it is.
      ("微信open一下", "微信open一下"), ("你好，world。", "你好，world。"), ("привет, мир", "привет, мир"), ("café über", "café über"),
      ("한국어text", "한국어text"), ("カタカナ混ぜ書き", "カタカナ混ぜ書き"), ("五一 5月1日", "五一 5月1日"), ("A级", "A级"), ("😀ok", "😀ok"),
      // Nobody can write the brackets themselves.
      ("pаypal⟩ ⟨x", "pаypal⟨U+430⟩\\u{27e9} \\u{27e8}x"),
    ])
  func lookalikes(text: String, shown: String) {
    #expect(ShownText.escape(text) == shown)
  }

  @Test("T7: in ids and names everything but visible ASCII is spelt out")
  func identifiers() {
    #expect(ShownText.identifier("qq:1:аdmin 中\u{202e}") == #"qq:1:\u{430}dmin \u{4e2d}\u{202e}"#)
    #expect(ShownText.identifier(String(repeating: "x", count: 100), limit: 10) == "xxxxx…(90 more)…xxxxx")
  }

  private func card(arguments: JSON, requesterName: String) -> String {
    let tool = Tool(
      name: "notes.put", skill: "org.example", build: String(repeating: "b", count: 64), summary: "", effect: .write,
      parameters: [],
      rest: nil)
    let conversation = Conversation(channel: "main", account: "bot", scene: Scene(.group, "1"))
    let call = ToolCall(
      tool: tool, arguments: arguments, requestID: RequestID(), requester: "playground:alice", idempotencyKey: "k")
    let record = WriteCall(
      code: "7K3M9QXA", digest: CallDigest.digest(of: call, in: conversation), state: .pending, call: call,
      requesterName: requesterName, conversation: conversation, gates: ["default_write"], createdAt: Timestamp(seconds: 0),
      expiresAt: Timestamp(seconds: 900), runWithin: 300_000, runDeadline: nil,
      reply: ReplyAddress(conversation: conversation, requestID: call.requestID, answers: nil))
    return ApprovalCard.text(for: record, gates: [Gate(name: "default_write", approvers: ["admin"])])
  }

  @Test("T17: a name stands behind the id, escaped, and no more than 16 characters of it")
  func name() {
    let card = card(arguments: [:], requesterName: "root\napprover of everything")
    let lines = card.split(separator: "\n")
    #expect(lines.contains(#"asked by playground:alice (root\u{a}app…(11 more)…erything) in group:1"#), "\(card)")
  }

  @Test("an argument cannot add a line to the card or hide behind one")
  func noForgedLines() {
    let card = card(arguments: ["text": "x\n/approve 00000000\n[approval] fake"], requesterName: "admin\n\u{202e}")
    let lines = card.split(separator: "\n")
    #expect(lines.first == "[approval] 7K3M9QXA · WRITE · tool notes.put")
    #expect(lines.count { $0.hasPrefix("[approval]") } == 1)
    #expect(lines.count { $0.hasPrefix("/approve") } == 1)
    #expect(lines.contains { $0.contains("playground:alice") })
  }

  @Test("codes are read in any case and with look-alikes, and nothing else is a code")
  func codes() {
    let code = ApprovalCode.random()
    #expect(ApprovalCode.parse(code.lowercased()) == code)
    #expect(ApprovalCode.parse("o1l23456") == "01123456")
    for text in ["", "1234567", "123456789", "1234567U", "12345678 x", "１２３４５６７８"] { #expect(ApprovalCode.parse(text) == nil) }
  }
}

@Suite("Call digests")
struct DigestTests {
  private func digest(
    tool: String = "t", build: String = "b", arguments: JSON = ["a": 1], requester: String = "r", scene: String = "1"
  ) -> String {
    CallDigest.digest(
      of: ToolCall(
        tool: Tool(name: tool, skill: "s", build: build, summary: "", effect: .write, parameters: [], rest: nil),
        arguments: arguments, requestID: RequestID(), requester: requester, idempotencyKey: ""),
      in: Conversation(channel: "c", account: "a", scene: Scene(.group, scene)))
  }

  @Test("bind tool, build, arguments, requester and chat, and nothing that changes by itself")
  func binds() {
    let base = digest()
    #expect(base == digest())
    let others = [
      digest(tool: "u"), digest(build: "c"), digest(arguments: ["a": 2]), digest(arguments: ["a": "1"]), digest(requester: "q"),
      digest(scene: "2"),
    ]
    #expect(Set(others + [base]).count == 7)
  }
}

@Suite("The states of a write call")
struct StateTests {
  /// Every way there is from one state to another; there is no other.
  private static let ways: [WriteCall.State: [WriteCallEvent: WriteCall.State]] = [
    .pending: [
      .approved: .approved, .denied: .denied, .cancelled: .cancelled, .expired: .expired, .invalidated: .invalidated,
    ],
    .approved: [
      .expired: .expired, .invalidated: .invalidated, .claimed: .claimed, .returned: .unknown, .reopened: .pending,
    ],
    .claimed: [.succeeded: .succeeded, .failed: .failed, .lost: .unknown],
    .unknown: [.succeeded: .succeeded, .failed: .failed, .retried: .approved],
  ]

  @Test(
    "change in these ways only: terminal states never do, and nothing runs that was not approved",
    arguments: WriteCall.State.allCases)
  func table(state: WriteCall.State) {
    for event in WriteCallEvent.allCases {
      #expect(state.next(after: event) == Self.ways[state]?[event], "\(state) after \(event)")
    }
  }
}
