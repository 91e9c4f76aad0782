import Core
import Foundation
import Storage

/// A file that says something of a log: an export, the proof of one record, or a checkpoint alone.
package enum AuditFile {
  /// What a file turned out to be.
  package enum Finding: Sendable {
    /// The key is the one that the checkpoints were checked with.
    case export(AuditVerifier.Report, key: CheckpointVerifier?)
    case proof(sequence: Int64, defect: String?, key: CheckpointVerifier)
    case checkpoint(size: Int64, isSigned: Bool, key: CheckpointVerifier?)
  }

  private static let largestLine = 16 << 20

  /// Verifies a file. Blocks on the disk.
  ///
  /// - Parameter verifier: the key to trust; nil = the one that the file names, which shows accidents only.
  /// - Throws: `AuditError` when the file cannot be read, or is none of ours.
  package static func verify(_ path: String, with verifier: CheckpointVerifier?) throws(AuditError) -> Finding {
    switch try read(path, with: verifier) {
    case .export(let check, let key): .export(check.report, key: key)
    case .proof(let proof):
      .proof(sequence: proof.sequence, defect: proof.defect(with: verifier), key: verifier ?? proof.verifier)
    case .checkpoint(let checkpoint, let note):
      .checkpoint(size: checkpoint.size, isSigned: verifier?.checkpoint(in: note) == checkpoint, key: verifier)
    }
  }

  enum Content {
    case export(ChainCheck, key: CheckpointVerifier?)
    case proof(InclusionProof)
    case checkpoint(Checkpoint, note: String)
  }

  /// - Parameter wanted: sizes at which the root of an export is noted.
  static func read(
    _ path: String, with verifier: CheckpointVerifier?, noting wanted: Set<Int64> = []
  ) throws(AuditError) -> Content {
    var lines = try LineReader(path, longest: largestLine)
    guard let first = try lines.next() else { throw AuditError("\(path) is empty") }
    guard let json = try? JSON(parsing: first) else {
      let note = try lines.rest(after: first)
      guard let checkpoint = Checkpoint.unverified(note) else {
        throw AuditError("\(path) is no export, no proof and no checkpoint")
      }
      return .checkpoint(checkpoint, note: note)
    }
    if let proof = InclusionProof(json) {
      guard try lines.next() == nil, json.canonical == first else { throw AuditError("\(path) is no proof as it was written") }
      return .proof(proof)
    }
    guard json["type"] == "log", json["v"] == 1, json.canonical == first,
      json.has(["type", "v", "first"], maybe: ["key"], ["prev", "range"])
    else {
      throw AuditError("\(path) is no export, no proof and no checkpoint")
    }
    let key = verifier ?? json["key"]?.string.flatMap { CheckpointVerifier($0) }
    var check = ChainCheck(verifier: key, noting: wanted)
    begin(&check, with: json)
    while !check.isBroken, let line = try lines.next() { take(line, by: &check) }
    if json["first"]?.integer != check.report.first { check.refuse(check.report.first, "the first line says another number") }
    if json["range"] == nil { check.end() }
    return .export(check, key: key)
  }

  private static func begin(_ check: inout ChainCheck, with json: JSON) {
    guard let range = json["range"] else { return }
    let nodes = range.array?.map { $0.string.flatMap(Data.init(hexadecimal:)) } ?? [nil]
    guard let first = json["first"]?.integer, first > 1, !nodes.contains(nil),
      let leaf = json["prev"]?.string.flatMap(Data.init(hexadecimal:)),
      let tree = CompactRange(size: first - 1, nodes: nodes.compactMap(\.self))
    else { return check.refuse(0, "the first line is not readable") }
    check.begin(after: leaf, tree: tree)
  }

  private static func take(_ line: String, by check: inout ChainCheck) {
    let place = check.last + 1
    guard let json = try? JSON(parsing: line), json.canonical == line else {
      return check.refuse(place, "a line is not canonical JSON")
    }
    switch json["type"]?.string {
    case "manifest":
      guard check.report.heads == 0, json.has(["type", "manifest"]), let manifest = json["manifest"],
        let last = manifest["last"]?.integer
      else {
        return check.refuse(place, "a manifest is not readable, or not where it belongs")
      }
      check.take(manifest: manifest.canonical, last: last)
    case "record":
      guard json.has(["type", "head", "hash"], maybe: ["salt", "body"]), let head = json["head"],
        let hash = json["hash"]?.string.flatMap(Data.init(hexadecimal:))
      else {
        return check.refuse(place, "a record is not readable")
      }
      var body: (salt: Data, text: String)?
      if let text = json["body"]?.canonical {
        guard let salt = json["salt"]?.string.flatMap(Data.init(hexadecimal:)) else {
          return check.refuse(place, "a body has no salt")
        }
        body = (salt, text)
      }
      check.take(AuditRow(sequence: head["seq"]?.integer ?? 0, head: head.canonical, hash: hash, body: body))
    case "checkpoint":
      guard json.has(["type", "note"]), let note = json["note"]?.string else {
        return check.refuse(place, "a checkpoint is not readable")
      }
      check.take(note: note)
    default: check.refuse(place, "a line is of no known type")
    }
  }
}

extension JSON {
  /// Whether it is an object of exactly these members, and of each further group all or none: what nobody reads could be changed
  /// unnoticed.
  fileprivate func has(_ names: Set<String>, maybe groups: Set<String>...) -> Bool {
    guard var left = object.map({ Set($0.keys) }), left.isSuperset(of: names) else { return false }
    left.subtract(names)
    for group in groups where left.isSuperset(of: group) { left.subtract(group) }
    return left.isEmpty
  }
}

/// Reads a file line by line, without ever holding more than one.
struct LineReader {
  private let path: String
  private let handle: FileHandle
  private let longest: Int
  private var buffer = Data()
  private var isAtEnd = false

  init(_ path: String, longest: Int) throws(AuditError) {
    guard let handle = FileHandle(forReadingAtPath: path) else { throw AuditError("\(path) cannot be read") }
    self.path = path
    self.handle = handle
    self.longest = longest
  }

  /// The next line without its end; nil after the last.
  mutating func next() throws(AuditError) -> String? {
    while true {
      if let end = buffer.firstIndex(of: 0x0a) {
        let line = buffer[buffer.startIndex..<end]
        buffer = buffer[buffer.index(after: end)...]
        return try text(line)
      }
      guard !isAtEnd else {
        defer { buffer = Data() }
        return buffer.isEmpty ? nil : try text(buffer)
      }
      guard buffer.count <= longest else { throw AuditError("\(path) has a line of more than \(longest) bytes") }
      do {
        let chunk = try handle.read(upToCount: 1 << 16) ?? Data()
        isAtEnd = chunk.isEmpty
        buffer = Data(buffer) + chunk
      } catch {
        throw AuditError("\(path) cannot be read: \(error.localizedDescription)")
      }
    }
  }

  /// All of the file, of which `line` was read.
  mutating func rest(after line: String) throws(AuditError) -> String {
    var text = line + "\n"
    while let next = try next() {
      text += next + "\n"
      guard text.utf8.count <= longest else { throw AuditError("\(path) is no checkpoint") }
    }
    return text
  }

  private func text(_ bytes: Data) throws(AuditError) -> String {
    guard let text = String(validating: bytes, as: UTF8.self) else { throw AuditError("\(path) is not valid UTF-8") }
    return text
  }
}
