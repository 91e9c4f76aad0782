import Foundation

/// One HTTP/1.1 connection with one request under way.
struct KeepAliveConnection {
  let descriptor: Int32
  private(set) var sentAt: ContinuousClock.Instant = .now
  private var answer: [UInt8] = []

  /// Connects to a port of this machine.
  init(port: Int) throws {
    descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    guard descriptor >= 0 else { throw Problem.system("socket") }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = UInt16(clamping: port).bigEndian
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    let connected = withUnsafePointer(to: address) { address in
      address.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    var yes: Int32 = 1
    guard connected == 0,
      setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &yes, socklen_t(MemoryLayout<Int32>.size)) == 0
    else {
      let problem = Problem.system("connect to port \(port)")
      Glibc.close(descriptor)
      throw problem
    }
  }

  func close() {
    Glibc.close(descriptor)
  }

  /// A request is far smaller than the empty buffer of a socket: it goes out whole or the connection is broken.
  mutating func send(_ request: UnsafeRawBufferPointer) throws {
    sentAt = .now
    let sent = Glibc.send(descriptor, request.baseAddress, request.count, Int32(MSG_NOSIGNAL))
    guard sent == request.count else { throw Problem.system("send") }
  }

  /// Reads what has come. True when the answer is complete.
  mutating func receive(into buffer: UnsafeMutableRawBufferPointer) throws -> Bool {
    let count = recv(descriptor, buffer.baseAddress, buffer.count, 0)
    guard count > 0 else { throw count == 0 ? Problem("the server closed a connection") : Problem.system("recv") }
    answer += buffer[..<count]
    guard let size = try sizeOfAnswer(), answer.count >= size else { return false }
    guard answer.count == size else { throw Problem("the server sent more than one answer") }
    answer.removeAll(keepingCapacity: true)
    return true
  }

  /// Bytes of head and body; nil while the head is incomplete.
  private func sizeOfAnswer() throws -> Int? {
    guard let headSize = Self.end(of: Array("\r\n\r\n".utf8), in: answer) else { return nil }
    guard answer.starts(with: "HTTP/1.1 200 ".utf8) else {
      throw Problem("not accepted: \(String(decoding: answer.prefix(1000), as: UTF8.self))")
    }
    for line in answer[..<headSize].split(separator: UInt8(ascii: "\n")) {
      let name = Array("content-length:".utf8)
      guard line.count > name.count, zip(line, name).allSatisfy({ $0 | 0x20 == $1 | 0x20 }) else { continue }
      let digits = line.dropFirst(name.count).filter { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
      if let length = Int(String(decoding: digits, as: UTF8.self)) { return headSize + length }
    }
    throw Problem("an answer without Content-Length")
  }

  private static func end(of pattern: [UInt8], in bytes: [UInt8]) -> Int? {
    guard bytes.count >= pattern.count else { return nil }
    return (0...(bytes.count - pattern.count)).first { bytes[$0..<($0 + pattern.count)].elementsEqual(pattern) }
      .map { $0 + pattern.count }
  }
}
