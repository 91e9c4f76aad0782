import NIOCore
import NIOWebSocket

/// Puts the peer's frames together to messages and enforces RFC 6455 on the way: masking, reserved bits, opcodes,
/// fragmentation, sizes, UTF-8, close codes. Pure.
struct FrameAssembler {
  enum Event: Equatable {
    /// A fragment: nothing to do yet.
    case incomplete
    /// A complete text message of valid UTF-8.
    case text([UInt8])
    case ping([UInt8])
    case pong
    /// The peer closes; nil when it gave no code.
    case close(code: UInt16?, reason: String)
    /// The peer broke the protocol: close with this code.
    case violation(code: UInt16, reason: String)
  }

  /// Which end we are: clients mask their frames, servers do not.
  let end: SocketEnd
  let maximumMessage: Int
  /// The message so far, while it comes in fragments.
  private var fragments: [UInt8]?

  init(end: SocketEnd, maximumMessage: Int) {
    self.end = end
    self.maximumMessage = maximumMessage
  }

  mutating func receive(_ frame: WebSocketFrame) -> Event {
    guard !frame.rsv1, !frame.rsv2, !frame.rsv3 else { return .violation(code: 1002, reason: "reserved bit set") }
    let mask = frame.maskKey
    guard (mask != nil) == (end == .server) else {
      return .violation(code: 1002, reason: end == .server ? "frame is not masked" : "frame is masked")
    }
    switch frame.opcode {
    case .text:
      guard fragments == nil else { return .violation(code: 1002, reason: "new message inside a fragmented one") }
      return extend([], with: frame, mask)
    case .continuation:
      guard let begun = fragments else { return .violation(code: 1002, reason: "continuation of nothing") }
      fragments = nil
      return extend(begun, with: frame, mask)
    case .binary: return .violation(code: 1003, reason: "only text is spoken here")
    case .ping: return control(frame) ?? .ping(Self.unmasked(frame.data, mask))
    case .pong: return control(frame) ?? .pong
    case .connectionClose: return control(frame) ?? Self.close(Self.unmasked(frame.data, mask))
    default: return .violation(code: 1002, reason: "unknown opcode")
    }
  }

  private mutating func extend(_ begun: consuming [UInt8], with frame: WebSocketFrame, _ mask: WebSocketMaskingKey?) -> Event {
    guard begun.count + frame.data.readableBytes <= maximumMessage else {
      return .violation(code: 1009, reason: "message too big")
    }
    if begun.isEmpty {
      begun = Self.unmasked(frame.data, mask)
    } else {
      begun.append(contentsOf: Self.unmasked(frame.data, mask))
    }
    guard frame.fin else {
      fragments = begun
      return .incomplete
    }
    guard Self.isUTF8(begun) else { return .violation(code: 1007, reason: "text is not UTF-8") }
    return .text(begun)
  }

  private func control(_ frame: WebSocketFrame) -> Event? {
    guard frame.fin else { return .violation(code: 1002, reason: "fragmented control frame") }
    guard frame.data.readableBytes <= 125 else { return .violation(code: 1002, reason: "control frame too long") }
    return nil
  }

  private static func close(_ payload: [UInt8]) -> Event {
    if payload.isEmpty { return .close(code: nil, reason: "") }
    guard payload.count >= 2 else { return .violation(code: 1002, reason: "close code cut short") }
    let code = UInt16(payload[0]) << 8 | UInt16(payload[1])
    guard isValidCloseCode(code) else { return .violation(code: 1002, reason: "invalid close code") }
    guard let reason = String(validating: payload.dropFirst(2), as: UTF8.self) else {
      return .violation(code: 1007, reason: "close reason is not UTF-8")
    }
    return .close(code: code, reason: reason)
  }

  /// The codes that may appear on the wire (RFC 6455 §7.4 and the IANA registry).
  static func isValidCloseCode(_ code: UInt16) -> Bool {
    switch code {
    case 1000...1003, 1007...1014, 3000...4999: true
    default: false
    }
  }

  private static func isUTF8(_ bytes: [UInt8]) -> Bool {
    do {
      _ = try UTF8Span(validating: bytes.span)
      return true
    } catch {
      return false
    }
  }

  /// The one copy between the socket's buffer and the JSON parser.
  private static func unmasked(_ data: ByteBuffer, _ mask: WebSocketMaskingKey?) -> [UInt8] {
    var bytes = Array(data.readableBytesView)
    guard let mask else { return bytes }
    let key = (mask[0], mask[1], mask[2], mask[3])
    var span = bytes.mutableSpan
    var index = 0
    while index + 4 <= span.count {
      span[index] ^= key.0
      span[index + 1] ^= key.1
      span[index + 2] ^= key.2
      span[index + 3] ^= key.3
      index += 4
    }
    while index < span.count {
      span[index] ^= mask[index & 3]
      index += 1
    }
    return bytes
  }
}
