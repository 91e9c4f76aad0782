import Core
import Testing

@testable import Agent

@Suite("Endless talk")
struct LoopGuardTests {
  private func message(_ text: String, from sender: String = "a", bot: Bool = false, read: Bool = false, at second: Int64 = 0)
    -> LoopGuard.Message
  {
    .init(chat: "c", sender: sender, text: text, isBot: bot, isRead: read, receivedAt: Timestamp(seconds: second))
  }

  @Test("the same text in flight or just answered is refused once, then ignored; later it is meant")
  func duplicates() {
    var loops = LoopGuard(duplicateWindow: .seconds(3))
    #expect(loops.admit(message("x", at: 0)) == .answer)
    #expect(loops.mayAnswer(message("x", at: 0), with: nil, at: Timestamp(seconds: 10)) == true)
    #expect(loops.admit(message("x", at: 5)) == .refuse)
    #expect(loops.admit(message("x", at: 6)) == .ignore)
    #expect(loops.admit(message("x", from: "b", at: 6)) == .answer)
    #expect(loops.admit(message("x", at: 13)) == .answer)
    #expect(loops.mayAnswer(message("x", at: 13), with: nil, at: Timestamp(seconds: 13)) == true)
    #expect(loops.admit(message("y", at: 14)) == .answer)
    #expect(loops.mayAnswer(message("y", at: 14), with: nil, at: Timestamp(seconds: 14)) == true)
    #expect(loops.admit(message("x", at: 14)) == .answer)
  }

  @Test("what changes nothing may be asked again as soon as it was answered, but not before")
  func reads() {
    var loops = LoopGuard(duplicateWindow: .seconds(3))
    #expect(loops.admit(message("x", read: true, at: 0)) == .answer)
    #expect(loops.mayAnswer(message("x", read: true, at: 0), with: nil, at: Timestamp(seconds: 10)) == true)
    #expect(loops.admit(message("x", read: true, at: 9)) == .refuse)
    #expect(loops.admit(message("x", read: true, at: 10)) == .answer)
  }

  @Test("without a window duplicates are answered like anything else")
  func off() {
    var loops = LoopGuard(duplicateWindow: .zero)
    for _ in 0..<5 {
      #expect(loops.admit(message("x")) == .answer)
      #expect(loops.mayAnswer(message("x"), with: nil, at: Timestamp(seconds: 0)) == true)
    }
  }

  @Test("another bot gets three answers, until a person speaks")
  func bots() {
    var loops = LoopGuard(duplicateWindow: .zero)
    for index in 0..<3 { #expect(loops.admit(message("\(index)", from: "bot", bot: true)) == .answer) }
    #expect(loops.admit(message("3", from: "bot", bot: true)) == .ignore)
    #expect(loops.admit(message("hello")) == .answer)
    #expect(loops.admit(message("4", from: "bot", bot: true)) == .answer)
  }

  @Test("the same hint is given five times within a minute; a result, or time, begins anew")
  func hints() {
    var loops = LoopGuard(duplicateWindow: .zero)
    func say(_ hint: String?, at second: Int64) -> Bool {
      _ = loops.admit(message("\(second)", at: second))
      return loops.mayAnswer(message("\(second)", at: second), with: hint, at: Timestamp(seconds: second))
    }
    for second in 0..<5 { #expect(say("help", at: Int64(second))) }
    #expect(!say("help", at: 5))
    #expect(say(nil, at: 6))
    #expect(say("help", at: 7))
    for second in 8..<12 { #expect(say("help", at: Int64(second))) }
    #expect(!say("help", at: 12))
    #expect(say("help", at: 70))
  }
}
