import Core
import Logging
import Operations
import Synchronization
import Testing

@testable import Gateway

@Suite("Raw events")
struct RawEventKeeperTests {
  final class FakeArchive: RawEventStore {
    let events = Mutex<[RawEvent]>([])
    func keep(_ events: [RawEvent]) async throws { self.events.withLock { $0 += events } }
    func dropOld() async throws -> Bool { false }
  }

  static func keeper(_ rule: RawEventRule, _ archive: FakeArchive, _ counters: Counters = Counters()) -> RawEventKeeper {
    RawEventKeeper(
      rule: rule, store: archive, counters: counters, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
  }

  @Test(
    "The rule decides what is kept; what proved nothing never is",
    arguments: [
      (RawEventRule.unknown, ["unknown"]), (.all, ["event", "other", "unknown"]), (.none, []),
    ])
  func rules(rule: RawEventRule, kept: [String]) async {
    let archive = FakeArchive()
    let keeper = Self.keeper(rule, archive)
    let clock = ManualClock()
    let admission = LimitTests.admission(AdmissionLimits(), clock: clock, rawEvents: keeper)
    let bodies = [
      #"{"type":"event","id":"1"}"#, #"{"type":"event","id":"1"}"#, #"{"type":"heartbeat"}"#, #"{"type":"whatever"}"#,
      #"{"type":"mystery"}"#,
    ]
    for body in bodies {
      for token in ["bad", "good"] {
        _ = await admission.admit(
          LimitTests.request(token, body, at: clock), to: LimitTests.CountingWebhook(), requestID: RequestID(at: clock.now))
      }
    }
    await keeper.write()
    #expect(archive.events.withLock { $0.map(\.type).sorted() } == kept)
    for event in archive.events.withLock({ $0 }) where event.type == "unknown" {
      #expect(event.body == Array(#"{"type":"mystery"}"#.utf8))
      #expect(event.channel == "main")
    }
  }

  @Test("What waits to be written is bounded; the rest is dropped and counted")
  func bounded() async {
    let archive = FakeArchive()
    let counters = Counters()
    let keeper = Self.keeper(.all, archive, counters)
    func offer(_ size: Int) {
      keeper.offer(
        [UInt8](repeating: 1, count: size), type: "unknown", channel: "main", requestID: RequestID(),
        receivedAt: Timestamp(seconds: 1))
    }
    offer(RawEventKeeper.largestBody + 1)
    for _ in 0..<RawEventKeeper.mostWaiting.events + 10 { offer(10) }
    await keeper.write()
    #expect(archive.events.withLock { $0.count } == RawEventKeeper.mostWaiting.events)
    #expect(counters.value(of: .rawEvents, "main", "dropped") == 11)
    #expect(counters.value(of: .rawEvents, "main", "kept") == UInt64(RawEventKeeper.mostWaiting.events))
    for _ in 0..<200 { offer(RawEventKeeper.largestBody) }
    await keeper.write()
    #expect(archive.events.withLock { $0.count } == RawEventKeeper.mostWaiting.events + 128)
  }
}
