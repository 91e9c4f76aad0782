import Core
import TestSupport
import Testing

@testable import Storage

@Suite("Several runs of the service on one store")
struct InstanceTests {
  private let clock = ManualClock()

  private func pair(on kind: StoreKind) throws -> (TemporaryStore, Store, Store) {
    let temporary = try TemporaryStore(on: kind, clock: clock.wall)
    return (temporary, temporary.store, try temporary.reopened(clock: clock.wall))
  }

  private func enrol(_ store: Store) async throws {
    _ = try await store.write { try $0.renewLease(for: .seconds(10)) }
  }

  @Test(
    "what a run holds stays its own as long as its lease is renewed, and is free when it is over", arguments: StoreKind.tested)
  func lease(kind: StoreKind) async throws {
    let (temporary, first, second) = try pair(on: kind)
    try await enrol(first)
    try await enrol(second)
    _ = try await first.write { try $0.insert(ChatEvent.sample("a")) }
    let claimed = try #require(try await first.write { try $0.claimEvent() })
    clock.advance(.seconds(9))
    #expect(try await first.write { try $0.renewLease(for: .seconds(10)) })
    clock.advance(.seconds(9))
    #expect(try await second.write { try $0.buryInstances() } == 0)
    clock.advance(.seconds(1))
    #expect(try await second.write { try $0.hasDeadInstances() })
    #expect(try await second.write { try $0.buryInstances() } == 1)
    try await second.write { try $0.freeLanesOfTheDead() }
    let taken = try #require(try await second.write { try $0.claimEvent() })
    #expect(taken.event == claimed.event)
    // The first was only slow.
    let error = await #expect(throws: StoreError.self) { try await first.write { try $0.complete(claimed) } }
    #expect(error?.code == .claimLost)
    try await second.write { try $0.complete(taken) }
    #expect(try await !first.write { try $0.renewLease(for: .seconds(10)) })
    withExtendedLifetime(temporary) {}
  }

  @Test("what was claimed again by the run that lost it counts anew: the old claim changes nothing", arguments: StoreKind.tested)
  func epoch(kind: StoreKind) async throws {
    let (temporary, first, second) = try pair(on: kind)
    try await enrol(first)
    try await enrol(second)
    _ = try await first.write { try $0.insert(ChatEvent.sample("a")) }
    let old = try #require(try await first.write { try $0.claimEvent() })
    clock.advance(.seconds(11))
    try await enrol(second)
    try await second.write { transaction in
      _ = try transaction.buryInstances()
      try transaction.freeLanesOfTheDead()
    }
    try await enrol(first)
    let new = try #require(try await first.write { try $0.claimEvent() })
    await #expect(throws: StoreError.self) { try await first.write { try $0.complete(old) } }
    try await first.write { try $0.complete(new) }
    withExtendedLifetime(temporary) {}
  }

  @Test(
    "a message that a dead run was sending is in doubt, and the dead run's word on it counts no more", arguments: StoreKind.tested
  )
  func messages(kind: StoreKind) async throws {
    let (temporary, first, second) = try pair(on: kind)
    try await enrol(first)
    try await enrol(second)
    let address = ReplyAddress(
      conversation: Conversation(channel: "main", account: "bot", scene: Scene(.group, "1")), requestID: RequestID(),
      answers: nil)
    try await first.write { try $0.enqueue("text", to: address) }
    let sending = try #require(try await first.write { try $0.claimMessages(limit: 1) }.first)
    #expect(try await second.write { try $0.messagesInDoubt() }.isEmpty)
    #expect(try await first.read { try $0.isSending(sending.message, attempt: 1) })
    clock.advance(.seconds(11))
    try await enrol(second)
    try await second.write { _ = try $0.buryInstances() }
    let doubtful = try await second.write { try $0.messagesInDoubt() }
    #expect(doubtful.map(\.id) == [sending.message.id])
    try await second.write { try $0.markUnknown(doubtful[0], error: "interrupted") }
    #expect(try await !first.read { try $0.isSending(sending.message, attempt: 1) })
    withExtendedLifetime(temporary) {}
  }

  @Test("a channel's connection has one holder, and finds another when that one dies", arguments: StoreKind.tested)
  func channels(kind: StoreKind) async throws {
    let (temporary, first, second) = try pair(on: kind)
    try await enrol(first)
    try await enrol(second)
    #expect(try await first.write { try $0.takeChannel("main") })
    #expect(try await first.write { try $0.takeChannel("main") })
    #expect(try await !second.write { try $0.takeChannel("main") })
    #expect(try await second.read { try $0.channelHolder(of: "main") } == first.boot)
    try await first.write { try $0.resign() }
    #expect(try await second.read { try $0.channelHolder(of: "main") } == nil)
    #expect(try await second.write { try $0.takeChannel("main") })
    withExtendedLifetime(temporary) {}
  }

  @Test("messages of a channel that cannot be reached from here are left to others", arguments: StoreKind.tested)
  func reachable(kind: StoreKind) async throws {
    let (temporary, first, _) = try pair(on: kind)
    for channel in ["here", "there"] {
      let address = ReplyAddress(
        conversation: Conversation(channel: channel, account: "bot", scene: Scene(.group, "1")), requestID: RequestID(),
        answers: nil)
      try await first.write { try $0.enqueue("text", to: address) }
    }
    #expect(try await first.read { try $0.nextMessageDue(reachable: []) } == nil)
    let claimed = try await first.write { try $0.claimMessages(limit: 8, reachable: ["here"]) }
    #expect(claimed.map(\.message.conversation.channel) == ["here"])
    #expect(try await first.write { try $0.claimMessages(limit: 8) }.map(\.message.conversation.channel) == ["there"])
    withExtendedLifetime(temporary) {}
  }
}
