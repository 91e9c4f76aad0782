package import NIOCore

/// The client's side of a WebSocket, by hand: sends what it is told, right or wrong.
package struct WebSocketClient {
  /// One frame from the server. Servers do not mask.
  package struct Frame: Sendable, Equatable {
    package let opcode: UInt8
    package let isFinal: Bool
    package let payload: [UInt8]

    package init(opcode: UInt8, isFinal: Bool, payload: [UInt8]) {
      self.opcode = opcode
      self.isFinal = isFinal
      self.payload = payload
    }

    package var text: String { String(decoding: payload, as: UTF8.self) }
    /// The code of a close frame.
    package var code: Int? { opcode == 8 && payload.count >= 2 ? Int(payload[0]) << 8 | Int(payload[1]) : nil }
  }

  package static let key = "dGhlIHNhbXBsZSBub25jZQ=="
  /// The answer to that key (RFC 6455 §1.3).
  package static let accept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="

  package var client: RawClient

  package static func upgrade(
    _ path: String = "/onebot/v11/sockets/ws", headers: [String] = ["Authorization: Bearer good", "X-Self-ID: 1"]
  ) -> [UInt8] {
    Request.get(
      path,
      headers: [
        "Upgrade: websocket", "Connection: keep-alive, Upgrade", "Sec-WebSocket-Key: \(key)", "Sec-WebSocket-Version: 13",
      ]
        + headers)
  }

  /// Opens a WebSocket and hands it over; `first` goes out in the same write as the request.
  package static func open(
    _ port: Int, path: String = "/onebot/v11/sockets/ws", headers: [String] = ["Authorization: Bearer good", "X-Self-ID: 1"],
    first: [UInt8] = [], prepare: @escaping @Sendable (any Channel) throws -> Void = { _ in },
    _ body: (inout WebSocketClient) async throws -> Void
  ) async throws {
    try await RawClient.connect(to: port, prepare: prepare) { (client: inout RawClient) async throws in
      await client.send(upgrade(path, headers: headers) + first)
      guard let answer = try await client.readResponse(), answer.status == 101 else { throw RefusedError() }
      var socket = WebSocketClient(client: client)
      try await body(&socket)
    }
  }

  package struct RefusedError: Error {}

  package static func frame(
    _ opcode: UInt8, _ payload: [UInt8], final: Bool = true, masked: Bool = true, reserved: UInt8 = 0,
    mask: [UInt8] = [0x11, 0x22, 0x33, 0x44]
  ) -> [UInt8] {
    var bytes: [UInt8] = [(final ? 0x80 : 0) | reserved | opcode]
    let flag: UInt8 = masked ? 0x80 : 0
    switch payload.count {
    case ...125: bytes.append(flag | UInt8(payload.count))
    case ...65535: bytes += [flag | 126, UInt8(payload.count >> 8), UInt8(payload.count & 0xff)]
    default: bytes += [flag | 127] + (0..<8).reversed().map { UInt8(payload.count >> ($0 * 8) & 0xff) }
    }
    guard masked else { return bytes + payload }
    if mask == [0, 0, 0, 0] { return bytes + mask + payload }
    return bytes + mask + payload.enumerated().map { $1 ^ mask[$0 % 4] }
  }

  package static func text(_ text: String, final: Bool = true) -> [UInt8] {
    frame(1, Array(text.utf8), final: final)
  }

  package static func close(_ code: UInt16) -> [UInt8] {
    frame(8, [UInt8(code >> 8), UInt8(code & 0xff)])
  }

  package func send(_ bytes: [UInt8]) async {
    await client.send(bytes)
  }

  /// The next frame; nil when the server closed.
  package mutating func read() async -> Frame? {
    guard let head = await client.read(2), head[1] & 0x80 == 0 else { return nil }
    var length = Int(head[1])
    if length >= 126 {
      guard let extended = await client.read(length == 126 ? 2 : 8) else { return nil }
      length = extended.reduce(0) { $0 << 8 | Int($1) }
    }
    guard let payload = await client.read(length) else { return nil }
    return Frame(opcode: head[0] & 0x0f, isFinal: head[0] & 0x80 != 0, payload: payload)
  }

  /// Answers the server's close, and sees the connection end.
  package mutating func finishClose() async -> Bool {
    await send(Self.close(1000))
    return await client.isAtEnd()
  }
}
