import Foundation

/// One call of the service that changed a file, synced it, or sent something out, as the shim wrote it down.
struct FileCall: Sendable {
  enum Kind: UInt32, Sendable {
    case created = 1
    case written, truncated, synced, folderSynced, unlinked, renamed, sent
  }

  let kind: Kind
  /// Relative to the data folder, which itself is "".
  let name: String
  /// Where it was written, or the size after a truncation.
  let offset: Int
  /// What was written or sent, or the new name.
  let bytes: [UInt8]

  /// Whether everything about it is on disk when it has returned.
  var isSync: Bool { kind == .synced || kind == .folderSynced }

  /// The calls in the order in which they happened.
  static func read(_ log: URL) throws -> [FileCall] {
    let data = try Data(contentsOf: log)
    var calls: [FileCall] = []
    var place = data.startIndex
    func number<Number: FixedWidthInteger>(_ type: Number.Type) -> Number {
      defer { place += MemoryLayout<Number>.size }
      return data[place..<place + MemoryLayout<Number>.size].reversed().reduce(0) { $0 << 8 | Number($1) }
    }
    while place < data.endIndex {
      guard data.endIndex - place >= 24, let kind = Kind(rawValue: number(UInt32.self)) else {
        throw ProcessProblem("the shim's log is damaged")
      }
      let nameSize = Int(number(UInt32.self))
      let offset = Int(number(UInt64.self))
      let size = Int(number(UInt64.self))
      guard data.endIndex - place >= nameSize + size else { throw ProcessProblem("the shim's log is cut off") }
      let name = String(decoding: data[place..<place + nameSize], as: UTF8.self)
      place += nameSize
      calls.append(FileCall(kind: kind, name: name, offset: offset, bytes: Array(data[place..<place + size])))
      place += size
    }
    return calls
  }
}
