package import Core
import Crypto
import Foundation

/// What is written down about one backup, beside it.
package struct BackupManifest: Codable, Sendable, Equatable {
  /// The file's name, without the folder.
  package let file: String
  /// The moment that a restore goes back to.
  package let at: Timestamp
  package let bytes: Int64
  /// Of the file, in lower-case hexadecimal.
  package let sha256: String
}

/// The folder that backups of one service lie in: each is a SQLite file and a manifest.
package struct BackupFolder: Sendable {
  package let path: String

  package init(_ path: String) {
    self.path = path
  }

  /// Makes the folder when it is missing, for its owner only: backups hold what people wrote.
  func prepare() throws(BackupError) {
    do {
      try FileManager.default.createDirectory(
        atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    } catch {
      throw BackupError(.cannotWrite, "cannot create \(path): \(error.localizedDescription)")
    }
  }

  /// A name that sorts by time.
  func name(at time: Timestamp) -> String {
    let date = Date(timeIntervalSince1970: Double(time.milliseconds) / 1000)
    let style = Date.ISO8601FormatStyle(includingFractionalSeconds: true).dateSeparator(.omitted).timeSeparator(.omitted)
    return "openclaw-\(date.formatted(style).replacing(".", with: "")).db"
  }

  /// The backups with a readable manifest, oldest first.
  package func list() throws(BackupError) -> [BackupManifest] {
    guard FileManager.default.fileExists(atPath: path) else { return [] }
    let names: [String]
    do {
      names = try FileManager.default.contentsOfDirectory(atPath: path)
    } catch {
      throw BackupError(.unreadable, "cannot read \(path): \(error.localizedDescription)")
    }
    return names.filter { $0.hasSuffix(".json") }.sorted().compactMap { name in
      FileManager.default.contents(atPath: "\(path)/\(name)").flatMap { try? JSONDecoder().decode(BackupManifest.self, from: $0) }
    }
  }

  /// The manifest of the backup of that name; a path means the file there.
  package func manifest(of name: String) throws(BackupError) -> (folder: BackupFolder, manifest: BackupManifest) {
    let url = URL(fileURLWithPath: name.contains("/") ? name : "\(path)/\(name)")
    let folder = BackupFolder(url.deletingLastPathComponent().path)
    let file = Self.manifestPath(of: url.path)
    guard let data = FileManager.default.contents(atPath: file) else {
      throw BackupError(.unreadable, "there is no manifest \(file); `openclaw backup list` shows what there is")
    }
    guard let manifest = try? JSONDecoder().decode(BackupManifest.self, from: data), manifest.file == url.lastPathComponent else {
      throw BackupError(.damaged, "\(file) is not the manifest of \(url.lastPathComponent)")
    }
    return (folder, manifest)
  }

  /// Writes down what the finished file holds. A backup without a manifest was never finished.
  func seal(_ name: String, at time: Timestamp) throws(BackupError) -> BackupManifest {
    let file = "\(path)/\(name)"
    let (digest, bytes) = try Self.digest(of: file)
    let manifest = BackupManifest(file: name, at: time, bytes: bytes, sha256: digest)
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .prettyPrinted]
    guard let text = try? encoder.encode(manifest),
      FileManager.default.createFile(
        atPath: Self.manifestPath(of: file), contents: text, attributes: [.posixPermissions: 0o600])
    else { throw BackupError(.cannotWrite, "cannot write the manifest of \(file)") }
    return manifest
  }

  /// Throws when the file is not what its manifest says.
  func check(_ manifest: BackupManifest) throws(BackupError) {
    let (digest, bytes) = try Self.digest(of: "\(path)/\(manifest.file)")
    guard bytes == manifest.bytes, digest == manifest.sha256 else {
      throw BackupError(.damaged, "\(manifest.file) is not what was backed up: its SHA-256 is \(digest), not \(manifest.sha256)")
    }
  }

  static func manifestPath(of file: String) -> String {
    (file.hasSuffix(".db") ? String(file.dropLast(3)) : file) + ".json"
  }

  private static func digest(of path: String) throws(BackupError) -> (sha256: String, bytes: Int64) {
    guard let handle = FileHandle(forReadingAtPath: path) else { throw BackupError(.unreadable, "cannot read \(path)") }
    defer { try? handle.close() }
    var hash = SHA256()
    var bytes: Int64 = 0
    do {
      while let chunk = try handle.read(upToCount: 1 << 20), !chunk.isEmpty {
        hash.update(data: chunk)
        bytes += Int64(chunk.count)
      }
    } catch {
      throw BackupError(.unreadable, "cannot read \(path): \(error.localizedDescription)")
    }
    return (hash.finalize().hexadecimal, bytes)
  }
}

/// Why a backup could not be made, read or restored.
package struct BackupError: Error, Sendable, CustomStringConvertible {
  package enum Code: String, Sendable {
    case unreadable = "backup_unreadable"
    case cannotWrite = "backup_cannot_write"
    /// The file is not what was backed up.
    case damaged = "backup_damaged"
  }

  package let code: Code
  package let message: String

  package init(_ code: Code, _ message: String) {
    self.code = code
    self.message = message
  }

  package var description: String { "\(code.rawValue): \(message)" }
}
