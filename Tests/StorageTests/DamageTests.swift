import Core
import Foundation
import GRDB
import TestSupport
import Testing

@testable import Storage

@Suite("A database that is damaged or gone")
struct DamageTests {
  private static func scratch() throws -> URL {
    let folder = FileManager.default.temporaryDirectory.appending(path: "openclaw-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    return folder
  }

  @Test("is set aside as it is, and a new one begins", arguments: [0, 4096 * 3])
  func setAside(offset: Int) async throws {
    let folder = try Self.scratch()
    defer { try? FileManager.default.removeItem(at: folder) }
    let path = folder.appending(path: "openclaw.db").path
    let whole = try Store(path: path)
    for index in 0..<200 { _ = try await whole.write { try $0.insert(ChatEvent.sample("\(index)")) } }
    try whole.close()
    var bytes = try Data(contentsOf: URL(fileURLWithPath: path))
    bytes.replaceSubrange(offset..<offset + 512, with: Data(repeating: 0xa5, count: 512))
    try bytes.write(to: URL(fileURLWithPath: path))

    let opened = try Store.openSettingAside(path: path, onChange: { _ in })
    let aside = try #require(opened.damaged)
    #expect(try Data(contentsOf: URL(fileURLWithPath: aside)) == bytes)
    #expect(opened.store.pendingEvents == 0)
    _ = try await opened.store.write { try $0.insert(ChatEvent.sample("new")) }
    try opened.store.close()
    let again = try Store.openSettingAside(path: path, onChange: { _ in })
    #expect(again.damaged == nil)
    #expect(again.store.pendingEvents == 1)
    try again.store.close()
  }

  @Test("is told from one in the middle of a transaction: that is undone, and the service begins with what was there before")
  func interrupted() async throws {
    let folder = try Self.scratch()
    defer { try? FileManager.default.removeItem(at: folder) }
    let path = folder.appending(path: "openclaw.db").path
    let whole = try Store(path: path)
    for index in 0..<200 { _ = try await whole.write { try $0.insert(ChatEvent.sample("\(index)")) } }
    try whole.close()
    // As at the very first start, before the log is in use: the old pages are in a journal, and new ones in the file already.
    let killed = folder.appending(path: "killed.db").path
    let database = try DatabaseQueue(path: path)
    try await database.writeWithoutTransaction { database in
      try database.execute(sql: "PRAGMA journal_mode = DELETE; PRAGMA cache_size = 1; BEGIN; UPDATE event SET body = 'x' || body")
      for part in ["", "-journal"] { try FileManager.default.copyItem(atPath: path + part, toPath: killed + part) }
      try database.execute(sql: "ROLLBACK")
    }
    try database.close()

    let opened = try Store.openSettingAside(path: killed, onChange: { _ in })
    #expect(opened.damaged == nil)
    #expect(opened.store.pendingEvents == 200)
    #expect(try await opened.store.write { try $0.claimEvent()?.event.messageID } == "0")
    try opened.store.close()
  }

  @Test("takes no writes while its file is not at its place, and works again once it is put back")
  func moved() async throws {
    let (changes, report) = AsyncStream.makeStream(of: StoreError.Code?.self)
    let temporary = try TemporaryStore(onChange: { report.yield($0?.code) })
    let path = temporary.folder.appending(path: "openclaw.db").path
    try await temporary.store.write { try $0.set("1", forSetting: "before") }
    try FileManager.default.moveItem(atPath: path, toPath: path + ".elsewhere")
    let error = await #expect(throws: StoreError.self) { try await temporary.store.write { try $0.set("2", forSetting: "lost") } }
    #expect(error?.code == .cannotCommit)
    #expect(try await temporary.store.read { try $0.setting("before") } == "1")
    try FileManager.default.moveItem(atPath: path + ".elsewhere", toPath: path)
    try await temporary.store.write { try $0.set("3", forSetting: "after") }
    var change = changes.makeAsyncIterator()
    #expect(await change.next() == .cannotCommit)
    #expect(await change.next() == .some(nil))
  }
}
