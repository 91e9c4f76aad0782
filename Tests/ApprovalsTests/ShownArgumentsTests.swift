import Core
import Storage
import Testing

@testable import Approvals

@Suite("Arguments on a card (T8)")
struct ShownArgumentsTests {
  private func call(_ arguments: [String: JSON]) -> WriteCall {
    let tool = Tool(name: "t", skill: "s", build: "b", summary: "", effect: .write, parameters: [], rest: nil)
    let conversation = Conversation(channel: "main", account: "bot", scene: Scene(.group, "1"))
    let call = ToolCall(tool: tool, arguments: .object(arguments), requestID: RequestID(), requester: "r", idempotencyKey: "")
    return WriteCall(
      code: "7K3M9QXA", digest: CallDigest.digest(of: call, in: conversation), state: .pending, call: call, requesterName: "r",
      conversation: conversation, gates: ["default_write"], createdAt: Timestamp(seconds: 0), expiresAt: Timestamp(seconds: 900),
      runWithin: 300_000, runDeadline: nil,
      reply: ReplyAddress(conversation: conversation, requestID: call.requestID, answers: nil))
  }

  @Test("what is short is on the card as it is, on its own line each")
  func short() {
    let shown = ShownArguments(of: call(["b": "x\n\"y\" \\", "a": 1, "c": ["k": true]]))
    #expect(shown.onCard == ["  a = 1", #"  b = "x\u{a}\"y\" \\""#, #"  c = {"k":true}"#])
    #expect(shown.pages == [shown.onCard.joined(separator: "\n")])
    #expect(ShownArguments(of: call([:])).onCard == ["  no arguments"])
  }

  @Test("nothing is cut in silence: a long value shows both ends, its length and digest, and where the rest is")
  func long() {
    let value = String(repeating: "a", count: 1_000) + "DANGER" + String(repeating: "z", count: 1_000)
    let shown = ShownArguments(of: call(["text": .string(value), "last": 1]))
    let line = shown.onCard[1]
    #expect(
      line.hasPrefix("  text = \"" + String(repeating: "a", count: 200) + "…(1606 more)…" + String(repeating: "z", count: 200)))
    #expect(line.contains("(2006 characters, sha256 "))
    #expect(shown.onCard.last == "  read it whole: /show 7K3M9QXA 1 to 2")
    #expect(shown.pages.joined().contains("DANGER"))
    #expect(shown.pages.allSatisfy { $0.unicodeScalars.count <= 1_500 })
    #expect(shown.fitChat)
    // Another text with the same ends and length has another digest.
    let other = ShownArguments(of: call(["text": .string(value.replacing("DANGER", with: "danger")), "last": 1]))
    #expect(other.onCard[1] != line)
  }

  @Test("every argument is on the card of a call that may be approved in chat, and the pages hold everything in order")
  func many() {
    let arguments = Dictionary(uniqueKeysWithValues: (100..<400).map { ("key\($0)", JSON.integer(Int64($0))) })
    let shown = ShownArguments(of: call(arguments))
    #expect(shown.fitChat)
    #expect(shown.onCard.count == 300)
    #expect(shown.pages.joined() == shown.onCard.joined(separator: "\n"))
    #expect(shown.pages.count == 3)
  }

  @Test("what fills more than four pages is not for chat, and its card says so")
  func tooLong() {
    let shown = ShownArguments(of: call(["text": .string(String(repeating: "x", count: 6_000))]))
    #expect(!shown.fitChat)
    #expect(shown.onCard.last == "  5 pages, too long to be approved in chat: openclaw approvals show 7K3M9QXA")
    let many = ShownArguments(of: call(Dictionary(uniqueKeysWithValues: (0..<2_000).map { ("key\($0)", JSON.integer(1)) })))
    #expect(!many.fitChat)
    #expect(many.onCard.contains { $0.hasPrefix("  and ") && $0.hasSuffix(" more arguments") })
    #expect(many.onCard.joined(separator: "\n").unicodeScalars.count < 2_000)
  }

  @Test("details tell one page at a time, and no page that is not there")
  func details() {
    let long = call(["text": .string(String(repeating: "x", count: 2_000))])
    #expect(ApprovalCard.details(of: long, votes: [])?.contains("page 1 of 2; the next: /show 7K3M9QXA 2") == true)
    #expect(ApprovalCard.details(of: long, votes: [], page: 2)?.hasPrefix("7K3M9QXA, page 2 of 2:\n") == true)
    for page in [0, -1, 3, .max, .min] { #expect(ApprovalCard.details(of: long, votes: [], page: page) == nil) }
  }
}
