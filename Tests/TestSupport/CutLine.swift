package import Foundation
import Synchronization

/// A Unix socket before PostgreSQL's that breaks a connection at the moment of a commit: before the server hears of it, or
/// before the client hears the answer.
package final class CutLine: Sendable {
  package enum Cut: Sendable, CaseIterable {
    case request, answer
  }

  /// Where clients connect to, in place of the server's folder.
  package let folder: URL
  private let server: String
  private let listener: Int32
  private let cut = Mutex<Cut?>(nil)

  /// - Parameter folder: the server's own.
  package init(to server: URL) throws {
    self.server = server.path + "/.s.PGSQL.5432"
    folder = URL(filePath: "/tmp/openclaw-cut.\(UUID().uuidString.prefix(8))")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let listener = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    self.listener = listener
    let isBound = Self.withAddress(folder.path + "/.s.PGSQL.5432") { bind(listener, $0, $1) == 0 }
    guard isBound, listen(listener, 16) == 0 else { throw PostgresServer.Unavailable(description: "no socket") }
    let path = self.server
    let isCut: @Sendable (Cut, ArraySlice<UInt8>) -> Bool = { [weak self] in self?.isCut($0, $1) ?? true }
    Self.start {
      while case let client = accept(listener, nil, nil), client >= 0 {
        let server = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        guard Self.withAddress(path, { connect(server, $0, $1) == 0 }) else {
          close(client)
          close(server)
          continue
        }
        Self.start { Self.pump(from: client, to: server) { isCut(.request, $0) } }
        Self.start { Self.pump(from: server, to: client) { isCut(.answer, $0) } }
      }
    }
  }

  deinit {
    shutdown(listener, Int32(SHUT_RDWR))
    close(listener)
    try? FileManager.default.removeItem(at: folder)
  }

  /// Breaks the connection at the next commit.
  package func arm(_ kind: Cut) {
    cut.withLock { $0 = kind }
  }

  private func isCut(_ kind: Cut, _ bytes: ArraySlice<UInt8>) -> Bool {
    cut.withLock { cut in
      guard cut == kind, Data(bytes).range(of: Data("COMMIT\0".utf8)) != nil else { return false }
      cut = nil
      return true
    }
  }

  /// Hands on what comes, until one side ends or `isCut` says so.
  private static func pump(from source: Int32, to target: Int32, isCut: @Sendable (ArraySlice<UInt8>) -> Bool) {
    var buffer = [UInt8](repeating: 0, count: 65_536)
    reading: while case let count = read(source, &buffer, buffer.count), count > 0 {
      if isCut(buffer[..<count]) { break }
      var sent = 0
      while sent < count {
        let written = send(target, Array(buffer[sent..<count]), count - sent, Int32(MSG_NOSIGNAL))
        if written <= 0 { break reading }
        sent += written
      }
    }
    // The other direction ends with it. The descriptors are few and end with the test's process.
    shutdown(source, Int32(SHUT_RDWR))
    shutdown(target, Int32(SHUT_RDWR))
  }

  private static func start(_ body: @escaping @Sendable () -> Void) {
    Thread(block: body).start()
  }

  private static func withAddress<Value>(_ path: String, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Value) -> Value {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8.prefix($0.count - 1)) }
    return withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(MemoryLayout<sockaddr_un>.size)) }
    }
  }
}
