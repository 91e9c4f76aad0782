import Core
import TestSupport
import Testing

@testable import Storage

@Suite("People who are enrolled")
struct PeopleTests {
  @Test("are kept with their ids, one person an id, until they are revoked", arguments: StoreKind.tested)
  func people(kind: StoreKind) async throws {
    let store = try TemporaryStore(on: kind)
    try await store.store.write { transaction in
      try transaction.enrol("qq:1:B", as: "ann", roles: ["admin"])
      try transaction.enrol("qq:1:A", as: "ann", roles: ["admin", "owner"])
      try transaction.enrol("qq:1:C", as: "bea", roles: [])
    }
    await #expect(throws: StoreError.self) {
      try await store.store.write { try $0.enrol("qq:1:A", as: "bea", roles: []) }
    }
    let ann = EnrolledPerson(name: "ann", roles: ["admin", "owner"], ids: ["qq:1:A", "qq:1:B"])
    let bea = EnrolledPerson(name: "bea", roles: [], ids: ["qq:1:C"])
    #expect(try await store.store.read { try $0.enrolledPeople() } == [ann, bea])
    #expect(try await store.store.read { try $0.enrolledOwner(of: "qq:1:C") } == "bea")
    #expect(try await store.store.write { try $0.unenrol(id: "qq:1:C") } == "bea")
    #expect(try await store.store.write { try $0.unenrol(id: "qq:1:C") } == nil)
    #expect(try await store.store.read { try $0.enrolledPeople() } == [ann])
    #expect(try await store.store.write { try $0.unenrol(person: "ann") } == (2, 0))
    #expect(try await store.store.read { try $0.enrolledPeople() } == [])
  }

  @Test("a code can be taken once, and not after its time", arguments: StoreKind.tested)
  func codes(kind: StoreKind) async throws {
    let clock = ManualClock()
    let store = try TemporaryStore(on: kind, clock: clock.wall)
    let code = EnrolmentCode(
      digest: "d", person: "ann", roles: ["admin"], expiresAt: clock.now.advanced(by: .seconds(60)))
    try await store.store.write { try $0.keep(code) }
    #expect(try await store.store.read { try $0.enrolmentCodes() } == [code])
    #expect(try await store.store.write { try $0.takeEnrolmentCode(digest: "other") } == nil)
    #expect(try await store.store.write { try $0.takeEnrolmentCode(digest: "d") } == code)
    #expect(try await store.store.write { try $0.takeEnrolmentCode(digest: "d") } == nil)
    try await store.store.write { try $0.keep(code) }
    clock.advance(.seconds(60))
    #expect(try await store.store.read { try $0.enrolmentCodes() } == [])
    #expect(try await store.store.write { try $0.takeEnrolmentCode(digest: "d") } == nil)
  }
}
