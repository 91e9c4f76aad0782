import Core
import Testing

@testable import Skills

@Suite("Queues, crashes and files")
struct RegistryTests {
  private let start = ContinuousClock.now

  @Test("calls get slots first come, first served; the queue is bounded")
  func leases() {
    var queue = LeaseQueue(slots: 1, maximumWaiting: 2)
    #expect(queue.acquire(1, tool: "a", limit: 1) == .granted(slot: 0))
    #expect(queue.acquire(2, tool: "a", limit: 1) == .queued)
    #expect(queue.acquire(3, tool: "b", limit: 1) == .queued)
    #expect(queue.acquire(4, tool: "b", limit: 1) == .full)
    #expect(queue.release(0, tool: "a") == [LeaseQueue.Grant(ticket: 2, slot: 0)])
    #expect(queue.release(0, tool: "a") == [LeaseQueue.Grant(ticket: 3, slot: 0)])
    #expect(queue.release(0, tool: "b") == [])
    #expect(queue.acquire(5, tool: "b", limit: 1) == .granted(slot: 0))
  }

  @Test("a tool at its own limit lets others pass")
  func toolLimit() {
    var queue = LeaseQueue(slots: 2, maximumWaiting: 8)
    #expect(queue.acquire(1, tool: "a", limit: 1) == .granted(slot: 0))
    #expect(queue.acquire(2, tool: "a", limit: 1) == .queued)
    #expect(queue.acquire(3, tool: "b", limit: 2) == .granted(slot: 1))
    #expect(queue.release(1, tool: "b") == [])
    #expect(queue.release(0, tool: "a") == [LeaseQueue.Grant(ticket: 2, slot: 0)])
  }

  @Test("who gives up waiting is not served")
  func withdraw() {
    var queue = LeaseQueue(slots: 1, maximumWaiting: 8)
    _ = queue.acquire(1, tool: "a", limit: 1)
    _ = queue.acquire(2, tool: "a", limit: 1)
    let first = queue.withdraw(2)
    let second = queue.withdraw(2)
    #expect(first && !second)
    #expect(queue.release(0, tool: "a") == [])
  }

  @Test("each crash doubles the wait; five within ten minutes are the end")
  func crashes() {
    var history = CrashHistory()
    #expect(history.admission(now: start) == .go)
    history.record("x", now: start)
    #expect(history.admission(now: start) == .wait(.milliseconds(100)))
    #expect(history.admission(now: start + .milliseconds(100)) == .go)
    history.record("x", now: start)
    #expect(history.admission(now: start) == .wait(.milliseconds(200)))
    history.record("x", now: start)
    history.record("x", now: start)
    #expect(history.admission(now: start) == .wait(.milliseconds(800)))
    history.record("last", now: start)
    #expect(history.admission(now: start + .seconds(3600)) == .quarantined)
    #expect(history.lastFault == "last")
  }

  @Test("crashes that are far apart do not add up")
  func rareCrashes() {
    var history = CrashHistory()
    for index in 0..<20 { history.record("x", now: start + .seconds(150 * index)) }
    #expect(!history.isQuarantined)
  }

  @Test("a log that never ends is cut, and says by how much")
  func throttle() {
    var throttle = LogThrottle()
    for _ in 0..<LogThrottle.burst { #expect(throttle.admit(now: start) == .pass(dropped: 0)) }
    #expect(throttle.admit(now: start) == .drop)
    #expect(throttle.admit(now: start) == .drop)
    #expect(throttle.admit(now: start + .seconds(1)) == .pass(dropped: 2))
  }

  private func stamp(_ changed: Int64 = 0, inode: UInt64 = 1) -> FileStamp {
    FileStamp(device: 1, inode: inode, size: 1, modified: 0, changed: changed * 1_000_000_000)
  }

  @Test("a file is read once as long as its stamp is old and stays")
  func ledger() {
    var ledger = FolderLedger()
    #expect(ledger.filesToRead(in: ["b.so": stamp(), "a.so": stamp()]) == ["a.so", "b.so"])
    ledger.note("a.so", stamp(), readAt: Timestamp(seconds: 10), hash: "h", refusal: nil, now: start)
    #expect(ledger.filesToRead(in: ["a.so": stamp()]) == [])
    #expect(ledger.filesToRead(in: ["a.so": stamp(inode: 2)]) == ["a.so"])
    #expect(ledger.knownHash(of: "a.so") == "h")
    #expect(ledger.forget(missingFrom: [:]) == ["a.so"])
    #expect(ledger.knownHash(of: "a.so") == nil)
  }

  @Test("a file that changed just before it was read is read again")
  func settling() {
    var ledger = FolderLedger()
    ledger.note("a.so", stamp(10), readAt: Timestamp(milliseconds: 10_500), hash: "h", refusal: nil, now: start)
    #expect(ledger.filesToRead(in: ["a.so": stamp(10)]) == ["a.so"])
    ledger.noteUnchanged("a.so", stamp(10), readAt: Timestamp(seconds: 12), now: start)
    #expect(ledger.filesToRead(in: ["a.so": stamp(10)]) == [])
  }

  @Test("what may pass is tried again, what is lasting is not")
  func retries() {
    var ledger = FolderLedger()
    let now = Timestamp(seconds: 100)
    ledger.note("a.so", stamp(), readAt: now, hash: nil, refusal: SkillRefusal(.collision, ""), now: start)
    ledger.note("b.so", stamp(), readAt: now, hash: "h", refusal: SkillRefusal(.manifest, ""), now: start)
    ledger.note("c.so", stamp(), readAt: now, hash: nil, refusal: SkillRefusal(.incomplete, ""), now: start)
    #expect(ledger.filesToRead(in: ["a.so": stamp(), "b.so": stamp(), "c.so": stamp()]) == ["a.so", "c.so"])
    #expect(ledger.isWaiting)
    #expect(ledger.incompleteTime(of: "c.so", now: start + .seconds(11)) == .seconds(11))
  }

  @Test("one look is arranged for a file that stays incomplete, however often the folder is looked at")
  func incompleteLook() {
    var ledger = FolderLedger()
    let delay = Duration.seconds(10)
    let withoutFile = ledger.arrangesLook(after: delay, now: start)
    #expect(!withoutFile)
    ledger.note(
      "a.so", stamp(), readAt: Timestamp(seconds: 100), hash: nil, refusal: SkillRefusal(.incomplete, ""), now: start)
    let arranged = [0, 3, 9, 10, 15, 20].map { ledger.arrangesLook(after: delay, now: start + .seconds($0)) }
    #expect(arranged == [true, false, false, true, false, true])
  }

  @Test(
    "only libraries are looked at",
    arguments: [("a.so", true), (".a.so", false), ("a.so~", false), ("a.so.1", false), ("a\n.so", false)])
  func names(_ name: String, _ isSkill: Bool) {
    #expect(FolderListing.isSkill(name) == isSkill)
  }
}
