package import NIOCore
import NIOPosix

/// An HTTP answer as it came.
package struct RawResponse: Sendable {
  package let status: Int
  /// Values by lower-case name.
  package let headers: [String: String]
  package let body: String
}

/// An HTTP request as it came.
package struct RawRequest: Sendable {
  package let method: String
  package let target: String
  /// Values by lower-case name.
  package let headers: [String: String]
  package let body: [UInt8]
}

/// A TCP connection that sends exactly the bytes it is given.
package struct RawClient {
  private var inbound: NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator
  private let outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>
  private var buffer = ByteBuffer()

  /// - Parameter prepare: adds what stands between the socket and the client, such as TLS.
  package static func connect<Result>(
    to port: Int, prepare: @escaping @Sendable (any Channel) throws -> Void = { _ in },
    _ body: (inout RawClient) async throws -> Result
  ) async throws -> Result {
    let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .channelOption(.allowRemoteHalfClosure, value: true)
      .connect(host: "127.0.0.1", port: port) { channel in
        channel.eventLoop.makeCompletedFuture {
          try prepare(channel)
          return try NIOAsyncChannel<ByteBuffer, ByteBuffer>(
            wrappingChannelSynchronously: channel, configuration: .init(isOutboundHalfClosureEnabled: true))
        }
      }
    return try await channel.executeThenClose { inbound, outbound in
      var client = RawClient(inbound: inbound.makeAsyncIterator(), outbound: outbound)
      return try await body(&client)
    }
  }

  /// One connection, one request, the first answer.
  package static func ask(_ port: Int, _ bytes: [UInt8], thenClose: Bool = false) async throws -> RawResponse? {
    try await connect(to: port) { client in
      await client.send(bytes)
      if thenClose { client.closeOutput() }
      return try await client.readResponse()
    }
  }

  package static func ask(_ port: Int, _ text: String) async throws -> RawResponse? {
    try await ask(port, Array(text.utf8))
  }

  init(
    inbound: NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator, outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>
  ) {
    self.inbound = inbound
    self.outbound = outbound
  }

  /// A server that has answered already may have closed: that is for the reader to find out.
  package func send(_ bytes: [UInt8]) async {
    try? await outbound.write(ByteBuffer(bytes: bytes))
  }

  package func send(_ text: String) async {
    await send(Array(text.utf8))
  }

  /// Sends beside whoever reads.
  package var sender: @Sendable (String) async -> Void {
    let writer = writer
    return { text in await writer.send(Array(text.utf8)) }
  }

  /// The same for bytes.
  package var writer: Writer { Writer(outbound: outbound) }

  /// The sending half of a connection.
  package struct Writer: Sendable {
    let outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>

    package func send(_ bytes: [UInt8]) async {
      try? await outbound.write(ByteBuffer(bytes: bytes))
    }
  }

  package func closeOutput() {
    outbound.finish()
  }

  /// Reads until `buffer` holds `count` bytes; false at the end of the stream.
  private mutating func fill(_ count: Int) async -> Bool {
    while buffer.readableBytes < count {
      guard let more = try? await inbound.next() else { return false }
      buffer.writeImmutableBuffer(more)
    }
    return true
  }

  package mutating func read(_ count: Int) async -> [UInt8]? {
    guard await fill(count) else { return nil }
    return buffer.readBytes(length: count)
  }

  /// True when the server closes without sending anything more.
  package mutating func isAtEnd() async -> Bool {
    await !fill(1)
  }

  /// The next line without its end; nil when the connection ends before one.
  package mutating func readLine() async -> String? {
    var length = 0
    while true {
      while length < buffer.readableBytes {
        if buffer.getInteger(at: buffer.readerIndex + length, as: UInt8.self) == UInt8(ascii: "\n") {
          let line = buffer.readString(length: length + 1)
          return line?.trimmingSuffix { $0.isNewline }
        }
        length += 1
      }
      guard await fill(buffer.readableBytes + 1) else { return nil }
    }
  }

  private mutating func readHeaders() async -> [String: String] {
    var headers: [String: String] = [:]
    while let line = await readLine(), !line.isEmpty {
      let parts = line.split(separator: ":", maxSplits: 1)
      headers[parts[0].lowercased()] = parts.count > 1 ? String(parts[1].drop { $0 == " " }) : ""
    }
    return headers
  }

  /// The next request, nil when the connection ends before one.
  package mutating func readRequest() async -> RawRequest? {
    guard let line = await readLine() else { return nil }
    let words = line.split(separator: " ")
    guard words.count == 3 else { return nil }
    let headers = await readHeaders()
    guard let body = await read(headers["content-length"].flatMap { Int($0) } ?? 0) else { return nil }
    return RawRequest(method: String(words[0]), target: String(words[1]), headers: headers, body: body)
  }

  /// The next answer, nil when the connection ends before one.
  package mutating func readResponse(toHead: Bool = false) async throws -> RawResponse? {
    guard let statusLine = await readLine() else { return nil }
    let words = statusLine.split(separator: " ")
    guard words.count >= 2, let status = Int(words[1]) else { return nil }
    let headers = await readHeaders()
    let length = toHead ? 0 : headers["content-length"].flatMap { Int($0) } ?? 0
    guard let body = await read(length) else { return nil }
    return RawResponse(status: status, headers: headers, body: String(decoding: body, as: UTF8.self))
  }
}

extension String {
  fileprivate func trimmingSuffix(_ isPadding: (Character) -> Bool) -> String {
    var text = self
    while let last = text.last, isPadding(last) { text.removeLast() }
    return text
  }
}

/// Requests as text.
package enum Request {
  package static func get(_ path: String, headers: [String] = []) -> [UInt8] {
    head(["GET \(path) HTTP/1.1", "Host: localhost"] + headers)
  }

  package static func head(_ lines: [String]) -> [UInt8] {
    Array((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8)
  }
}
