import SkillLoader

/// The other side of a runner's socket did what the protocol does not allow.
struct ProtocolViolation: Error, Equatable, Sendable {
  let reason: String

  init(_ reason: String) {
    self.reason = reason
  }
}

/// Longest JSON texts on the wire. The header has the same numbers in a form that Swift does not see.
enum WireLimit {
  static let arguments = 4 << 20
  static let answer = 4 << 20
  static let request = 4 << 20
}

/// One packet on a runner's socket: a header and up to `maximumPayload` bytes.
struct Frame: Equatable, Sendable {
  static let headerSize = Int(OC_FRAME_HEADER_SIZE)
  static let maximumPayload = Int(OC_FRAME_PAYLOAD_MAX)

  let kind: UInt16
  /// Whether the message goes on in the next frame.
  let hasMore: Bool
  let call: UInt64
  let payload: [UInt8]

  init(kind: UInt16, hasMore: Bool, call: UInt64, payload: [UInt8]) {
    self.kind = kind
    self.hasMore = hasMore
    self.call = call
    self.payload = payload
  }

  /// Takes a received packet apart.
  init(packet: UnsafeRawBufferPointer) throws(ProtocolViolation) {
    let bytes = ImageBytes(packet)
    guard let kind = bytes.integer(UInt16.self, at: 0), let flags = bytes.integer(UInt16.self, at: 2),
      let length = bytes.integer(UInt32.self, at: 4), let call = bytes.integer(UInt64.self, at: 8)
    else { throw ProtocolViolation("a frame without header") }
    guard flags & ~OC_FRAME_MORE == 0 else { throw ProtocolViolation("an unknown frame flag") }
    guard length <= OC_FRAME_PAYLOAD_MAX, packet.count == Self.headerSize + Int(length) else {
      throw ProtocolViolation("a frame of another length than it says")
    }
    self.kind = kind
    hasMore = flags & OC_FRAME_MORE != 0
    self.call = call
    payload = Array(packet[Self.headerSize...])
  }

  /// The packet to send.
  var packet: [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(Self.headerSize + payload.count)
    bytes.appendInteger(kind)
    bytes.appendInteger(hasMore ? OC_FRAME_MORE : 0)
    bytes.appendInteger(UInt32(payload.count))
    bytes.appendInteger(call)
    return bytes + payload
  }

  /// Cuts one message into packets.
  static func packets(kind: UInt16, call: UInt64, message: [UInt8]) -> [[UInt8]] {
    var packets: [[UInt8]] = []
    var position = 0
    repeat {
      let end = min(position + maximumPayload, message.count)
      let frame = Frame(kind: kind, hasMore: end < message.count, call: call, payload: Array(message[position..<end]))
      packets.append(frame.packet)
      position = end
    } while position < message.count
    return packets
  }
}

extension [UInt8] {
  /// Appends an integer in native byte order.
  mutating func appendInteger<Value: FixedWidthInteger>(_ value: Value) {
    Swift.withUnsafeBytes(of: value) { append(contentsOf: $0) }
  }
}
