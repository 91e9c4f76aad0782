/// The id that follows one inbound message through logs, journal, tool calls, audit and replies: a UUID version 7 (RFC 9562 §5.7).
package struct RequestID: Hashable, Sendable, Codable, CustomStringConvertible {
  /// Lower-case hyphenated form, 36 ASCII characters.
  package let description: String

  /// A fresh id whose first 48 bits are `time`, so that ids sort by age.
  package init(at time: Timestamp = WallClock.system.now()) {
    var generator = SystemRandomNumberGenerator()
    let high = UInt64(truncatingIfNeeded: time.milliseconds) << 16 | 0x7000 | UInt64(generator.next() as UInt16) & 0x0fff
    let low = 0x8000_0000_0000_0000 | (generator.next() as UInt64) & 0x3fff_ffff_ffff_ffff
    description = Self.format(high, low)
  }

  /// Reads an id back from where we stored it; nil when it is not 36 characters of hyphenated hexadecimal.
  package init?(_ text: String) {
    let bytes = Array(text.utf8)
    guard bytes.count == 36 else { return nil }
    for (index, byte) in bytes.enumerated() {
      let hyphen = index == 8 || index == 13 || index == 18 || index == 23
      let hexadecimal = (0x30...0x39).contains(byte) || (0x61...0x66).contains(byte)
      guard hyphen ? byte == 0x2d : hexadecimal else { return nil }
    }
    description = text
  }

  private static func format(_ high: UInt64, _ low: UInt64) -> String {
    let digits = Array("0123456789abcdef".utf8)
    var text: [UInt8] = []
    text.reserveCapacity(36)
    for (word, hyphens) in [(high, [8, 12]), (low, [0, 4])] {
      for position in 0..<16 {
        if hyphens.contains(position) { text.append(0x2d) }
        text.append(digits[Int(word >> UInt64(60 - position * 4) & 0xf)])
      }
    }
    return String(decoding: text, as: UTF8.self)
  }

  package init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    guard let id = RequestID(try container.decode(String.self)) else {
      throw DecodingError.dataCorruptedError(in: container, debugDescription: "not a request id")
    }
    self = id
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}
