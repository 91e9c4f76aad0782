package import Core
import Foundation
import GRDB

extension BackupFolder {
  /// Pages in one step; between two steps the service has the disk for itself.
  private static let step: CInt = 64

  /// Copies the database at `path` as it is at this moment, while others read and write it.
  ///
  /// The copy takes about a fifth of one processor, so that whoever serves is not held up.
  package func create(from path: String, clock: WallClock = .system) async throws(BackupError) -> BackupManifest {
    try prepare()
    let time = clock.now()
    let name = name(at: time)
    let target = "\(self.path)/\(name)"
    do {
      let source = try DatabaseQueue(path: path, configuration: Self.configuration)
      let copy = try DatabaseQueue(path: target)
      chmod(target, 0o600)
      try await source.read { database in
        // Opens the snapshot: without one every write of somebody else would begin the copy anew.
        _ = try Int.fetchOne(database, sql: "SELECT COUNT(*) FROM sqlite_schema")
        var began = ContinuousClock.now
        try copy.writeWithoutTransaction { destination in
          try database.backup(to: destination, pagesPerStep: Self.step) { _ in
            // On GRDB's own thread, where nothing else waits.
            usleep(UInt32(clamping: (ContinuousClock.now - began).components.attoseconds / 250_000_000_000))
            began = .now
          }
        }
      }
      try await copy.writeWithoutTransaction { try $0.execute(sql: "PRAGMA journal_mode = DELETE") }
      try copy.close()
      try source.close()
    } catch {
      DatabaseFile.remove(target)
      throw BackupError(.cannotWrite, "\(path) could not be copied to \(target): \(SQLiteConnection.reason(error))")
    }
    return try finish(name, at: time)
  }

  /// Brings the copy to the disk, and only then its manifest.
  func finish(_ name: String, at time: Timestamp) throws(BackupError) -> BackupManifest {
    let target = "\(path)/\(name)"
    try Self.sync(target)
    let manifest = try seal(name, at: time)
    try Self.sync(Self.manifestPath(of: target))
    try Self.sync(path)
    return manifest
  }

  /// Checks the file against its manifest, and the database in it.
  package func verify(_ manifest: BackupManifest) async throws(BackupError) {
    try check(manifest)
    do {
      var configuration = Self.configuration
      configuration.readonly = true
      let database = try DatabaseQueue(path: "\(path)/\(manifest.file)", configuration: configuration)
      let found = try await database.read { try String.fetchOne($0, sql: "PRAGMA integrity_check(1)") }
      try database.close()
      guard found == "ok" else { throw BackupError(.damaged, "\(manifest.file): \(found ?? "no answer")") }
    } catch let error as BackupError {
      throw error
    } catch {
      throw BackupError(.damaged, "\(manifest.file) is no usable database: \(SQLiteConnection.reason(error))")
    }
  }

  /// Puts the backup in the place of the database at `path`, which must not be in use. The database that is there is moved aside.
  ///
  /// What was open at the moment of the backup may have happened since: nothing of it happens again. See
  /// `Transaction.closeWhatWasOpen`.
  ///
  /// - Returns: where the database that was there lies now.
  package func restore(_ manifest: BackupManifest, to path: String, clock: WallClock = .system) async throws -> String? {
    try await verify(manifest)
    let fresh = "\(path).restoring"
    DatabaseFile.remove(fresh)
    do {
      try FileManager.default.copyItem(atPath: "\(self.path)/\(manifest.file)", toPath: fresh)
    } catch {
      throw BackupError(.cannotWrite, "cannot write \(fresh): \(error.localizedDescription)")
    }
    let store = try Store(path: fresh)
    try await store.write { try $0.closeWhatWasOpen() }
    try store.close()
    try Self.sync(fresh)
    var aside: String?
    if FileManager.default.fileExists(atPath: path) {
      let place = "\(path).before-restore-\(clock.now().milliseconds)"
      if let obstacle = DatabaseFile.move(path, to: place) {
        throw BackupError(.cannotWrite, "cannot move \(path) aside: \(obstacle)")
      }
      aside = place
    }
    guard rename(fresh, path) == 0 else {
      throw BackupError(.cannotWrite, "cannot move \(fresh) to \(path): \(String(cString: strerror(errno)))")
    }
    // The log is empty by now, and of no use to anybody.
    DatabaseFile.remove(fresh)
    try Self.sync(URL(fileURLWithPath: path).deletingLastPathComponent().path)
    return aside
  }

  private static var configuration: GRDB.Configuration {
    var configuration = GRDB.Configuration()
    configuration.busyMode = .timeout(5)
    configuration.label = "backup"
    return configuration
  }

  /// Returns once what is at `path` is on disk.
  private static func sync(_ path: String) throws(BackupError) {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw BackupError(.cannotWrite, "cannot open \(path): \(String(cString: strerror(errno)))") }
    defer { close(descriptor) }
    guard fsync(descriptor) == 0 else {
      throw BackupError(.cannotWrite, "cannot sync \(path): \(String(cString: strerror(errno)))")
    }
  }
}
