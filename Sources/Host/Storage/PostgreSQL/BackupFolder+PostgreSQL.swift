package import Core
import Foundation
import GRDB

extension BackupFolder {
  /// Copies the PostgreSQL store as it is at this moment into a SQLite file, while instances go on using it.
  package func create(from address: PostgresAddress, clock: WallClock = .system) async throws(BackupError) -> BackupManifest {
    try prepare()
    let time = clock.now()
    let name = name(at: time)
    let target = "\(path)/\(name)"
    do {
      guard FileManager.default.createFile(atPath: target, contents: nil, attributes: [.posixPermissions: 0o600]) else {
        throw BackupError(.cannotWrite, "cannot write \(target)")
      }
      _ = try await StoreCopy.save(address, to: target)
      let copy = try DatabaseQueue(path: target)
      try await copy.writeWithoutTransaction { try $0.execute(sql: "PRAGMA journal_mode = DELETE") }
      try copy.close()
    } catch {
      DatabaseFile.remove(target)
      throw BackupError(.cannotWrite, "\(address) could not be copied to \(target): \(SQLiteConnection.reason(error))")
    }
    return try finish(name, at: time)
  }

  /// Puts the backup into an empty PostgreSQL store. Nothing that was open happens again: see `Transaction.closeWhatWasOpen`.
  package func restore(_ manifest: BackupManifest, to address: PostgresAddress) async throws {
    try await verify(manifest)
    // A backup of an older version is brought up to date; the backup itself stays as it is.
    let scratch = FileManager.default.temporaryDirectory.appending(path: "openclaw-\(UUID().uuidString)")
    try FileManager.default.createDirectory(
      at: scratch, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    defer { try? FileManager.default.removeItem(at: scratch) }
    let copy = scratch.appending(path: manifest.file).path
    try FileManager.default.copyItem(atPath: "\(path)/\(manifest.file)", toPath: copy)
    _ = try await StoreCopy.migrate(from: copy, to: address) { try $0.closeWhatWasOpen() }
  }
}
