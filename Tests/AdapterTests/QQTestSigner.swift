import Core
import Crypto
import Foundation
import Testing

@testable import AdapterQQ

/// Signs requests as the platform does.
enum QQTestSigner {
  static func sign(timestamp: String, body: [UInt8], secret: String) throws -> String {
    let seed = try #require(QQSigningKey.seed(of: Secret(secret)))
    let key = try Curve25519.Signing.PrivateKey(rawRepresentation: seed)
    return try key.signature(for: Array(timestamp.utf8) + body).hexadecimal
  }
}
