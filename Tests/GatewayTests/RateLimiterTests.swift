import Core
import Testing

@testable import Gateway

@Suite("Rates")
struct RateLimiterTests {
  /// Seconds after the start, and whether an event at that time passes.
  struct Course: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let limit: RateLimit
    let steps: [(at: Double, passes: Bool)]
  }

  static let courses: [Course] = [
    Course(
      testDescription: "a burst, then one an interval", limit: RateLimit(perMinute: 30, burst: 3),
      steps: [
        (0, true), (0, true), (0, true), (0, false), (1.999, false), (2, true), (2, false), (4, true), (4.5, false), (6, true),
      ]),
    Course(
      testDescription: "no burst: exactly one an interval", limit: RateLimit(perMinute: 60, burst: 1),
      steps: [(0, true), (0.5, false), (0.999, false), (1, true), (1.001, false), (2, true)]),
    Course(
      testDescription: "a pause refills the burst and no more", limit: RateLimit(perMinute: 60, burst: 2),
      steps: [(0, true), (0, true), (0, false), (3600, true), (3600, true), (3600, false)]),
    Course(
      testDescription: "a partial pause refills a part", limit: RateLimit(perMinute: 60, burst: 3),
      steps: [(0, true), (0, true), (0, true), (2, true), (2, true), (2, false)]),
    Course(
      testDescription: "a clock set back by a year delays by a full burst at most", limit: RateLimit(perMinute: 60, burst: 2),
      steps: [(31_536_000, true), (31_536_000, true), (0, false), (2, true)]),
    Course(
      testDescription: "refused events cost nothing", limit: RateLimit(perMinute: 60, burst: 1),
      steps: [(0, true)] + Array(repeating: (0.5, false), count: 100) + [(1, true)]),
  ]

  @Test("The algorithm lets through exactly what the limit says", arguments: courses)
  func course(_ course: Course) {
    var limiter = RateLimiter<String>(course.limit, capacity: 8)
    for (index, step) in course.steps.enumerated() {
      let now = Timestamp(milliseconds: 1_700_000_000_000 + Int64(step.at * 1000))
      let delay = limiter.delay(for: "k", at: now)
      #expect((delay == 0) == step.passes, "step \(index)")
      if delay == 0 { limiter.spend("k", at: now) }
    }
  }

  @Test("The delay is exactly the time after which the event passes")
  func delay() {
    var limiter = RateLimiter<String>(RateLimit(perMinute: 40, burst: 2), capacity: 8)
    let start = Timestamp(seconds: 1000)
    for _ in 0..<2 { limiter.spend("k", at: start) }
    #expect(limiter.delay(for: "k", at: start) == 1_500_000)
    #expect(limiter.delay(for: "k", at: start.advanced(by: .milliseconds(1499))) == 1000)
    #expect(limiter.delay(for: "k", at: start.advanced(by: .milliseconds(1500))) == 0)
  }

  @Test("Keys do not touch each other")
  func keys() {
    var limiter = RateLimiter<String>(RateLimit(perMinute: 1, burst: 1), capacity: 8)
    let now = Timestamp(seconds: 1000)
    limiter.spend("a", at: now)
    #expect(limiter.delay(for: "a", at: now) > 0)
    #expect(limiter.delay(for: "b", at: now) == 0)
  }

  @Test("Past the capacity idle keys are forgotten; while none is idle, new keys share one allowance")
  func capacity() {
    var limiter = RateLimiter<Int>(RateLimit(perMinute: 60, burst: 1), capacity: 3)
    var now = Timestamp(seconds: 1000)
    for key in 0..<3 {
      #expect(limiter.delay(for: key, at: now) == 0)
      limiter.spend(key, at: now)
    }
    #expect(limiter.delay(for: 3, at: now) == 0)
    limiter.spend(3, at: now)
    #expect(limiter.delay(for: 4, at: now) > 0)
    #expect(limiter.count == 3)
    now = now.advanced(by: .seconds(2))
    #expect(limiter.delay(for: 4, at: now) == 0)
    limiter.spend(4, at: now)
    #expect(limiter.count == 1)
  }

  @Test("Extreme times and settings do not trap")
  func extremes() {
    var limiter = RateLimiter<Int>(RateLimit(perMinute: .min, burst: .max), capacity: 1)
    for time in [Int64.min, -1, 0, .max] {
      let now = Timestamp(milliseconds: time)
      _ = limiter.delay(for: 1, at: now)
      limiter.spend(1, at: now)
    }
  }

  @Test("An event that the group refuses costs its sender nothing; direct chats have no group")
  func bothOrNone() throws {
    var rates = EventRates(
      AdmissionLimits(sender: RateLimit(perMinute: 1, burst: 1), group: RateLimit(perMinute: 1, burst: 1)))
    func event(_ sender: String, _ scene: Scene) -> ChatEvent {
      ChatEvent(
        requestID: RequestID(), receivedAt: Timestamp(seconds: 1000),
        conversation: Conversation(channel: "c", account: "a", scene: scene), sender: Sender(id: sender, name: ""),
        messageID: "m", text: "", dedupeKeys: ["m"])
    }
    try rates.admit(event("a", Scene(.group, "g")))
    let refusal = #expect(throws: Refusal.self) { try rates.admit(event("b", Scene(.group, "g"))) }
    #expect(refusal?.code == "rate_limited_group")
    #expect(refusal?.retryAfter == 60)
    try rates.admit(event("b", Scene(.private, "b")))
    try rates.admit(event("c", Scene(.private, "b")))
    #expect(throws: Refusal.self) { try rates.admit(event("b", Scene(.private, "b"))) }
  }

  @Test("Of one kind of refusal a line a minute is said, with the number left out")
  func refusalLog() {
    var log = RefusalLog()
    let start = Timestamp(seconds: 1000)
    let kind = RefusalLog.Kind(channel: "main", code: "signature_invalid")
    #expect(log.note(kind, at: start) == .say(suppressed: 0))
    for second in 1..<60 { #expect(log.note(kind, at: start.advanced(by: .seconds(second))) == .suppress) }
    #expect(log.note(.init(channel: "main", code: "other"), at: start) == .say(suppressed: 0))
    #expect(log.note(kind, at: start.advanced(by: .seconds(60))) == .say(suppressed: 59))
    #expect(log.note(kind, at: start.advanced(by: .seconds(61))) == .suppress)
  }
}
