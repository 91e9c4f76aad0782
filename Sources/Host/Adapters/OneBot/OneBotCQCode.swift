import Core

/// The string form of messages: `[CQ:at,qq=10001] hello`.
///
///     \[CQ:([A-Za-z0-9\-_.]+)((?:,[^\[\],=]+=[^\[\],]*)*),?\]
///
/// Anything else is literal text. The scanner reads every byte once: what a failed code consumed holds no other `[`.
enum OneBotCQCode {
  static func parse(_ text: String) -> [OneBotSegment] {
    var scanner = Scanner(bytes: Array(text.utf8))
    return scanner.scan()
  }

  /// The string that reads back as `segments`. Members that are not scalar are left out.
  static func encode(_ segments: [OneBotSegment]) -> String {
    segments.map { segment in
      if segment.type == "text" { return escape(segment.text("text") ?? "", comma: false) }
      let members = segment.data.compactMap { member -> String? in
        segment.text(member.name).map { ",\(member.name)=\(escape($0, comma: true))" }
      }
      return "[CQ:\(segment.type)\(members.joined())]"
    }.joined()
  }

  private static func escape(_ text: String, comma: Bool) -> String {
    var output = String.UnicodeScalarView()
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": output.append(contentsOf: "&amp;".unicodeScalars)
      case "[": output.append(contentsOf: "&#91;".unicodeScalars)
      case "]": output.append(contentsOf: "&#93;".unicodeScalars)
      case "," where comma: output.append(contentsOf: "&#44;".unicodeScalars)
      default: output.append(scalar)
      }
    }
    return String(output)
  }

  private static let entities: [(name: [UInt8], plain: UInt8)] = [
    (Array("&amp;".utf8), UInt8(ascii: "&")), (Array("&#91;".utf8), UInt8(ascii: "[")),
    (Array("&#93;".utf8), UInt8(ascii: "]")), (Array("&#44;".utf8), UInt8(ascii: ",")),
  ]

  /// Decodes the four entities in one pass, so that what an entity stands for is never decoded again.
  private static func unescape(_ bytes: ArraySlice<UInt8>) -> String {
    var output: [UInt8] = []
    output.reserveCapacity(bytes.count)
    var rest = bytes
    while let byte = rest.first {
      if byte == UInt8(ascii: "&"), let entity = entities.first(where: { rest.starts(with: $0.name) }) {
        output.append(entity.plain)
        rest = rest.dropFirst(entity.name.count)
      } else {
        output.append(byte)
        rest = rest.dropFirst()
      }
    }
    return String(decoding: output, as: UTF8.self)
  }

  private struct Scanner {
    private static let opening = Array("[CQ:".utf8)

    let bytes: [UInt8]
    var position = 0
    var literalStart = 0
    var segments: [OneBotSegment] = []

    init(bytes: [UInt8]) {
      self.bytes = bytes
    }

    mutating func scan() -> [OneBotSegment] {
      while position < bytes.count {
        guard bytes[position] == UInt8(ascii: "[") else {
          position += 1
          continue
        }
        let start = position
        if let segment = scanCode() {
          endLiteral(at: start)
          segments.append(segment)
          literalStart = position
        } else if position == start {
          position += 1
        }
      }
      endLiteral(at: bytes.count)
      return segments
    }

    private mutating func endLiteral(at end: Int) {
      guard literalStart < end else { return }
      segments.append(.text(unescape(bytes[literalStart..<end])))
    }

    /// Reads a code from `position` on. On failure `position` stands where the code went wrong.
    private mutating func scanCode() -> OneBotSegment? {
      guard bytes[position...].starts(with: Self.opening) else { return nil }
      position += Self.opening.count
      let type = take { Self.isTypeByte($0) }
      guard !type.isEmpty else { return nil }
      var data: [OneBotSegment.Member] = []
      while position < bytes.count {
        if takeByte("]") { return OneBotSegment(type: String(decoding: type, as: UTF8.self), data: data) }
        guard takeByte(",") else { return nil }
        if takeByte("]") { return OneBotSegment(type: String(decoding: type, as: UTF8.self), data: data) }
        let name = take { !"[],=".utf8.contains($0) }
        guard !name.isEmpty, takeByte("=") else { return nil }
        let value = take { !"[],".utf8.contains($0) }
        data.append(.init(name: String(decoding: name, as: UTF8.self), value: .string(unescape(value))))
      }
      return nil
    }

    private mutating func take(while isMember: (UInt8) -> Bool) -> ArraySlice<UInt8> {
      let start = position
      while position < bytes.count, isMember(bytes[position]) { position += 1 }
      return bytes[start..<position]
    }

    private mutating func takeByte(_ scalar: Unicode.Scalar) -> Bool {
      guard position < bytes.count, bytes[position] == UInt8(ascii: scalar) else { return false }
      position += 1
      return true
    }

    private static func isTypeByte(_ byte: UInt8) -> Bool {
      switch byte {
      case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
        UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."):
        true
      default: false
      }
    }
  }
}
