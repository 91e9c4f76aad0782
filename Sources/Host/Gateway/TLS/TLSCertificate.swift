// Declares `stat` as far as this compiler is concerned, once packages with C headers of their own are linked.
import CDispatch
import Crypto
import Foundation
import NIOSSL

/// Why a certificate and its key cannot be used: one line that names the file, never its contents.
package struct TLSError: Error, Sendable, Equatable, CustomStringConvertible {
  package let description: String

  init(_ description: String) {
    self.description = description
  }
}

/// A certificate chain and its key, in two PEM files.
package struct TLSCertificate: Sendable, Equatable {
  /// A chain has a few kilobytes; more is not a certificate.
  static let maximumBytes = 1024 * 1024

  package let chainPath: String
  package let keyPath: String

  package init(chainPath: String, keyPath: String) {
    self.chainPath = chainPath
    self.keyPath = keyPath
  }

  /// The folders in which the files lie.
  var folders: Set<String> {
    Set([chainPath, keyPath].map { URL(filePath: $0).deletingLastPathComponent().path })
  }

  /// What was read, ready for new connections.
  struct Loaded: Sendable {
    let context: NIOSSLContext
    /// Tells one pair of contents from another.
    let digest: Data
    let expires: Date
  }

  /// Reads both files and puts a context together. Blocks.
  ///
  /// - Parameter known: the digest of what is in use; nil is returned when nothing has changed.
  func load(unless known: Data? = nil) throws(TLSError) -> Loaded? {
    let chain = try Self.contents(of: chainPath, isPrivate: false)
    let key = try Self.contents(of: keyPath, isPrivate: true)
    var hash = SHA256()
    hash.update(data: chain)
    hash.update(data: key)
    let digest = Data(hash.finalize())
    guard digest != known else { return nil }
    let (context, leaf) = try context(chain: Array(chain), key: Array(key))
    let expires = Date(timeIntervalSince1970: TimeInterval(leaf.notValidAfter))
    return Loaded(context: context, digest: digest, expires: expires)
  }

  private func context(chain: [UInt8], key: [UInt8]) throws(TLSError) -> (NIOSSLContext, leaf: NIOSSLCertificate) {
    guard let certificates = try? NIOSSLCertificate.fromPEMBytes(chain), let leaf = certificates.first else {
      throw TLSError("\(chainPath) holds no certificate in PEM form")
    }
    guard let privateKey = try? NIOSSLPrivateKey(bytes: key, format: .pem) else {
      throw TLSError("\(keyPath) holds no private key in PEM form without a passphrase")
    }
    var configuration = TLSConfiguration.makeServerConfiguration(
      certificateChain: certificates.map { .certificate($0) }, privateKey: .privateKey(privateKey))
    configuration.minimumTLSVersion = .tlsv12
    configuration.applicationProtocols = ["http/1.1"]
    do {
      return (try NIOSSLContext(configuration: configuration), leaf)
    } catch {
      throw TLSError("the key in \(keyPath) does not belong to the first certificate in \(chainPath)")
    }
  }

  private static func contents(of path: String, isPrivate: Bool) throws(TLSError) -> Data {
    // Without O_NONBLOCK a FIFO in this place would hang the start.
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw TLSError("\(path) cannot be read: \(String(cString: strerror(errno)))") }
    let file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      throw TLSError("\(path) is not a regular file")
    }
    if isPrivate, status.st_mode & 0o007 != 0 {
      throw TLSError("\(path) is open to every user of this machine; run: chmod 600 \(path)")
    }
    guard let data = try? file.read(upToCount: maximumBytes + 1) ?? Data() else { throw TLSError("\(path) cannot be read") }
    guard data.count <= maximumBytes else { throw TLSError("\(path) is larger than 1 MiB") }
    return data
  }
}
