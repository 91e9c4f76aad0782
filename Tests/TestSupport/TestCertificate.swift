package import Foundation

/// A certificate that signs itself, made by `openssl`, in a folder of its own that is removed at the end.
package final class TestCertificate {
  package let folder: URL
  package var chain: URL { folder.appending(path: "chain.pem") }
  package var key: URL { folder.appending(path: "key.pem") }

  package struct OpenSSLError: Error {}

  /// - Parameter name: whom it is made out to; tells one from another.
  package init(name: String = "first.example") throws {
    folder = FileManager.default.temporaryDirectory.appending(path: "openclaw-tls-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    try Self.make(name, chain: chain, key: key)
  }

  deinit {
    try? FileManager.default.removeItem(at: folder)
  }

  /// Puts another pair in place of the first, as a renewal does.
  package func replace(with name: String) throws {
    let (newChain, newKey) = (folder.appending(path: "new-chain"), folder.appending(path: "new-key"))
    try Self.make(name, chain: newChain, key: newKey)
    for (from, to) in [(newKey, key), (newChain, chain)] {
      guard rename(from.path, to.path) == 0 else { throw OpenSSLError() }
    }
  }

  private static func make(_ name: String, chain: URL, key: URL) throws {
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/openssl")
    process.arguments = [
      "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", "/CN=\(name)",
      "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", key.path, "-out", chain.path,
    ]
    process.standardError = FileHandle.nullDevice
    process.standardOutput = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    guard process.terminationStatus == 0, chmod(key.path, 0o600) == 0 else { throw OpenSSLError() }
  }
}
