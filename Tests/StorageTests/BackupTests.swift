import Core
import Foundation
import TestSupport
import Testing

@testable import Storage

@Suite("Backups")
struct BackupTests {
  private let clock = ManualClock()

  private func backups(_ temporary: TemporaryStore) -> BackupFolder {
    BackupFolder(temporary.folder.appending(path: "backups").path)
  }

  private func path(_ temporary: TemporaryStore) -> String { temporary.folder.appending(path: "openclaw.db").path }

  @Test("one made while others write holds a moment of the past, whole")
  func online() async throws {
    let temporary = try TemporaryStore()
    let store = temporary.store
    let writing = Task {
      var index = 0
      while !Task.isCancelled {
        let name = "\(index)"
        // Both or neither.
        try await store.write { transaction in
          try transaction.set(name, forSetting: "left")
          _ = try transaction.insert(ChatEvent.sample(name))
          try transaction.set(name, forSetting: "right")
        }
        index += 1
      }
    }
    while try await store.read({ try $0.setting("right") }) == nil { await Task.yield() }
    let folder = backups(temporary)
    let manifest = try await folder.create(from: path(temporary))
    writing.cancel()
    _ = await writing.result
    #expect(try folder.list() == [manifest])
    try await folder.verify(manifest)

    let restored = temporary.folder.appending(path: "restored.db").path
    #expect(try await folder.restore(manifest, to: restored) == nil)
    let copy = try Store(path: restored)
    let (left, right) = try await copy.read { (try $0.setting("left"), try $0.setting("right")) }
    #expect(left != nil && left == right)
    try copy.close()
  }

  @Test("nothing that was open at the backup happens again after a restore, and what was there is set aside")
  func closed() async throws {
    let temporary = try TemporaryStore()
    let store = temporary.store
    for id in ["a", "b"] { _ = try await store.write { try $0.insert(ChatEvent.sample(id)) } }
    let claimed = try #require(try await store.write { try $0.claimEvent() })
    try await store.write { transaction in
      try transaction.enqueue("answer", to: claimed.event.replyAddress)
      try transaction.complete(claimed)
    }
    let folder = backups(temporary)
    let manifest = try await folder.create(from: path(temporary))
    try await store.write { try $0.set("later", forSetting: "later") }
    try store.close()

    let aside = try #require(try await folder.restore(manifest, to: path(temporary)))
    let restored = try Store(path: path(temporary))
    #expect(restored.pendingEvents == 0)
    #expect(try await restored.read { try $0.setting("later") } == nil)
    #expect(try await restored.write { try $0.claimEvent() } == nil)
    #expect(try await restored.write { try $0.claimMessages(limit: 8) }.isEmpty)
    #expect(try await restored.write { try $0.insert(ChatEvent.sample("b")) } != .accepted)
    try restored.close()
    let before = try Store(path: aside)
    #expect(try await before.read { try $0.setting("later") } == "later")
    try before.close()
  }

  @Test("one that was changed is refused, and nothing is restored")
  func changed() async throws {
    let temporary = try TemporaryStore()
    let folder = backups(temporary)
    let manifest = try await folder.create(from: path(temporary))
    let file = URL(fileURLWithPath: "\(folder.path)/\(manifest.file)")
    var bytes = try Data(contentsOf: file)
    bytes[bytes.count / 2] ^= 1
    try bytes.write(to: file)
    let target = temporary.folder.appending(path: "restored.db").path
    let error = await #expect(throws: BackupError.self) { try await folder.restore(manifest, to: target) }
    #expect(error?.code == .damaged)
    #expect(!FileManager.default.fileExists(atPath: target))
  }

  @Test("one that was never finished is none")
  func unfinished() async throws {
    let temporary = try TemporaryStore()
    let folder = backups(temporary)
    #expect(try folder.list() == [])
    #expect(throws: BackupError.self) { try folder.manifest(of: "openclaw-20260101T000000Z.db") }
    let missing = await #expect(throws: BackupError.self) {
      try await folder.create(from: temporary.folder.appending(path: "no/such.db").path)
    }
    #expect(missing?.code == .cannotWrite)
    #expect(try folder.list() == [])
  }
}
