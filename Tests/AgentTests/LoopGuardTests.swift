import Core
import Storage
import Testing

@testable import Agent

@Suite("Endless talk")
struct LoopGuardTests {
  /// One person's talk, second by second.
  private final class Talk {
    let loops: LoopGuard
    var talker: Talker?

    init(window: Duration) { loops = LoopGuard(duplicateWindow: window) }

    func admit(_ text: String, read: Bool = false, at second: Int64) -> LoopGuard.Admission {
      let admission = loops.admission(of: message(text, read, second), talker: talker, botAnswers: 0)
      if admission == .refuse { talker?.wasRefused = true }
      return admission
    }

    func answer(_ text: String, with hint: String? = nil, read: Bool = false, at second: Int64) -> Bool {
      let talker = loops.remembering(
        message(text, read, second), answeredWith: hint, at: Timestamp(seconds: second), talker: talker)
      self.talker = talker
      return hint == nil || LoopGuard.maySayHint(talker)
    }

    private func message(_ text: String, _ read: Bool, _ second: Int64) -> LoopGuard.Message {
      .init(text: text, isBot: false, isRead: read, receivedAt: Timestamp(seconds: second))
    }
  }

  @Test("the same text sent before its answer or just after it is refused once, then ignored; later it is meant")
  func duplicates() {
    let talk = Talk(window: .seconds(3))
    #expect(talk.admit("x", at: 0) == .answer)
    #expect(talk.answer("x", at: 10))
    #expect(talk.admit("x", at: 5) == .refuse)
    #expect(talk.admit("x", at: 6) == .ignore(.duplicate))
    #expect(talk.admit("y", at: 6) == .answer)
    #expect(talk.admit("x", at: 13) == .answer)
    #expect(talk.answer("x", at: 13))
    #expect(talk.admit("x", at: 14) == .refuse)
    #expect(talk.answer("y", at: 14))
    #expect(talk.admit("x", at: 14) == .answer)
  }

  @Test("what changes nothing may be asked again as soon as it was answered, but not before")
  func reads() {
    let talk = Talk(window: .seconds(3))
    #expect(talk.answer("x", read: true, at: 10))
    #expect(talk.admit("x", read: true, at: 9) == .refuse)
    #expect(talk.admit("x", read: true, at: 10) == .answer)
  }

  @Test("without a window duplicates are answered like anything else, and so is what has no text")
  func off() {
    let talk = Talk(window: .zero)
    let silent = Talk(window: .seconds(3))
    for _ in 0..<5 {
      #expect(talk.admit("x", at: 0) == .answer)
      #expect(talk.answer("x", at: 0))
      #expect(silent.admit("", at: 0) == .answer)
      #expect(silent.answer("", at: 0))
    }
  }

  @Test("another bot gets three answers in a row; a person is none")
  func bots() {
    let loops = LoopGuard(duplicateWindow: .zero)
    func admission(isBot: Bool, answers: Int) -> LoopGuard.Admission {
      loops.admission(
        of: .init(text: "x", isBot: isBot, isRead: true, receivedAt: Timestamp(seconds: 0)), talker: nil, botAnswers: answers)
    }
    for answers in 0..<3 { #expect(admission(isBot: true, answers: answers) == .answer) }
    #expect(admission(isBot: true, answers: 3) == .ignore(.bot))
    #expect(admission(isBot: false, answers: 3) == .answer)
  }

  @Test("the same hint is given five times within a minute; a result, or time, begins anew")
  func hints() {
    let talk = Talk(window: .zero)
    for second in 0..<5 { #expect(talk.answer("\(second)", with: "help", at: Int64(second))) }
    #expect(!talk.answer("5", with: "help", at: 5))
    #expect(talk.answer("6", at: 6))
    #expect(talk.answer("7", with: "help", at: 7))
    for second in 8..<12 { #expect(talk.answer("\(second)", with: "help", at: Int64(second))) }
    #expect(!talk.answer("12", with: "help", at: 12))
    #expect(talk.answer("70", with: "help", at: 70))
  }

  @Test("what is remembered of a text is no text")
  func digest() {
    let talk = Talk(window: .seconds(3))
    #expect(talk.answer("a secret", with: "a hint", at: 0))
    #expect(talk.talker?.said.contains("secret") == false)
    #expect(talk.talker?.hint?.contains("hint") == false)
    #expect(talk.talker?.said == LoopGuard.digest("a secret"))
  }
}
