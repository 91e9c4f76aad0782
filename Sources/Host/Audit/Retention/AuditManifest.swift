package import Core
import Crypto
package import Foundation

/// What stays of a segment of records that was deleted: how many there were, what they hash to, and who signed that.
///
/// Each names the digest of the manifest before it, and the record `retention.pruned` names that of the last.
package struct AuditManifest: Sendable, Equatable {
  /// The first and the last record that went.
  package let first: Int64
  package let last: Int64
  /// The hash of the last one's head: `prev` of the first that stayed.
  package let leaf: Data
  /// The tree over everything up to the last one.
  package let tree: CompactRange
  /// The signed checkpoint of that tree.
  package let checkpoint: String
  /// The digest of the manifest before, in hexadecimal; nil for the first.
  package let previous: String?
  package let at: Timestamp
  package let reason: String

  package var json: JSON {
    var members: [String: JSON] = [
      "v": 1, "first": .integer(first), "last": .integer(last), "count": .integer(last - first + 1),
      "leaf": .string(leaf.hexadecimal), "range": .array(tree.nodes.map { .string($0.hexadecimal) }),
      "root": .string(tree.root.hexadecimal), "checkpoint": .string(checkpoint), "ts": .integer(at.milliseconds),
      "reason": .string(reason),
    ]
    members["prev"] = previous.map { .string($0) }
    return .object(members)
  }

  /// SHA-256 of its canonical JSON, in hexadecimal.
  package var digest: String { Self.digest(of: json.canonical) }

  static func digest(of text: String) -> String { SHA256.hash(data: Data(text.utf8)).hexadecimal }

  package init(
    first: Int64, last: Int64, leaf: Data, tree: CompactRange, checkpoint: String, previous: String?, at: Timestamp,
    reason: String
  ) {
    self.first = first
    self.last = last
    self.leaf = leaf
    self.tree = tree
    self.checkpoint = checkpoint
    self.previous = previous
    self.at = at
    self.reason = reason
  }

  /// Reads a manifest; nil when it is not exactly one.
  package init?(_ json: JSON) {
    guard let first = json["first"]?.integer, let last = json["last"]?.integer, first >= 1, last >= first,
      let leaf = json["leaf"]?.string.flatMap(Data.init(hexadecimal:)), leaf.count == CompactRange.hashLength,
      let nodes = json["range"]?.array?.map({ $0.string.flatMap(Data.init(hexadecimal:)) }), !nodes.contains(nil),
      let tree = CompactRange(size: last, nodes: nodes.compactMap(\.self)),
      let checkpoint = json["checkpoint"]?.string, let ts = json["ts"]?.integer, let reason = json["reason"]?.string
    else { return nil }
    self.init(
      first: first, last: last, leaf: leaf, tree: tree, checkpoint: checkpoint, previous: json["prev"]?.string,
      at: Timestamp(milliseconds: ts), reason: reason)
    guard self.json == json else { return nil }
  }
}

extension Data {
  /// Two digits a byte, in lower case; nil for anything else.
  init?(hexadecimal text: String) {
    let digits = Array(text.utf8)
    guard digits.count % 2 == 0 else { return nil }
    func value(_ digit: UInt8) -> UInt8? {
      switch digit {
      case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
      case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
      default: nil
      }
    }
    var bytes = Data(capacity: digits.count / 2)
    for index in stride(from: 0, to: digits.count, by: 2) {
      guard let high = value(digits[index]), let low = value(digits[index + 1]) else { return nil }
      bytes.append(high << 4 | low)
    }
    self = bytes
  }
}
