import Audit
import Core
import Foundation
import Policy
import Storage
import TestSupport
import Testing

@testable import Agent

@Suite("Kept rules")
struct PolicyShelfTests {
  private let trail = AuditTrail(key: Data(repeating: 1, count: 32))

  private func keep(_ number: Int, in store: Store) async throws -> String {
    let rules = "@id(\"p\(number)\") permit (principal, action == Action::\"call\", resource);"
    let stored = JSON.object(["a.cedar": .string(rules), "roles.yaml": "people: []"]).canonical
    let files = try PolicyFiles(stored: stored, place: "test")
    let snapshot = try PolicySnapshot.load(files)
    try await store.write { try PolicyShelf.keep(snapshot, files, in: $0, audit: trail) }
    return snapshot.id
  }

  @Test("the last twenty are kept whole, the latest first; the latest is in force", arguments: StoreKind.tested)
  func keeps(kind: StoreKind) async throws {
    let temporary = try TemporaryStore(on: kind)
    var ids: [String] = []
    for number in 0..<22 { ids.append(try await keep(number, in: temporary.store)) }
    let history = try await temporary.store.read { try PolicyShelf.history(in: $0) }
    #expect(history.kept.map(\.id) == ids.suffix(20).reversed())
    #expect(history.current == ids.last && !history.isPinned)
    let latest = ids[21]
    let found = try await temporary.store.read { try $0.policy(latest) }
    let whole = try #require(found)
    #expect(try PolicySnapshot.load(PolicyFiles(stored: whole.files, place: "kept")).ruleIDs == ["p21"])
    // Taken again: it is the latest, and there is only one of it.
    _ = try await keep(5, in: temporary.store)
    #expect(try await temporary.store.read { try PolicyShelf.history(in: $0).kept.first?.id } == ids[5])
  }

  @Test("a rollback counts until it is undone, and its rules are never forgotten", arguments: StoreKind.tested)
  func rollback(kind: StoreKind) async throws {
    let temporary = try TemporaryStore(on: kind)
    let store = temporary.store
    let first = try await keep(0, in: store)
    try await store.write { try PolicyShelf.rollBack(to: first, in: $0, audit: trail) }
    for number in 1..<25 { _ = try await keep(number, in: store) }
    let history = try await store.read { try PolicyShelf.history(in: $0) }
    #expect(history.current == first && history.isPinned)
    #expect(try await store.read { try $0.policy(first) } != nil)
    #expect(try await store.write { try PolicyShelf.undoRollback(in: $0, audit: trail) })
    #expect(try await store.write { try PolicyShelf.undoRollback(in: $0, audit: trail) } == false)
    #expect(try await store.read { try PolicyShelf.pinned(in: $0) } == nil)
    let kinds = try await store.read { try $0.auditRows(after: 0, limit: 100).map { try JSON(parsing: $0.head)["kind"]?.string } }
    #expect(kinds.count { $0 == "policy.rolled_back" } == 1 && kinds.count { $0 == "policy.rollback_undone" } == 1)
  }

  @Test("decided calls are read back from the audit log, the latest first; what was forgotten is counted")
  func pastCalls() async throws {
    let robot = try Robot()
    try await robot.say("/peek")
    _ = try await robot.ask("/note milk", as: "bob")
    let past = try await PastCalls(last: 10, in: robot.store)
    #expect(past.forgotten == 0)
    #expect(past.calls.map(\.question.tool.name) == ["note", "peek"])
    let question = try #require(past.calls.first?.question)
    #expect(question.requester == "playground:bob" && question.arguments == ["text": "milk"] && question.tool.effect == .write)
    #expect(question.conversation == Conversation(channel: "main", account: "bot", scene: Scene(.group, "1")))
    #expect(try await PastCalls(last: 1, in: robot.store).calls.count == 1)
  }
}
