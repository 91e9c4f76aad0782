import Core
import Crypto
import Foundation

/// Who may post events and open sockets.
enum OneBotCredentials {
  /// Checks `X-Signature` over the raw body by any of the secrets; without one the sender must be on this machine.
  static func checkSignature(_ header: String?, over body: [UInt8], secrets: [Secret], from address: String) throws(Refusal) {
    guard !secrets.isEmpty else {
      guard LoopbackAddress.contains(address) else { throw loopbackOnly("secret") }
      return
    }
    guard let header, !header.isEmpty else {
      throw Refusal(status: 401, code: "signature_missing", message: "X-Signature is required; set the same secret on both sides")
    }
    guard header.hasPrefix("sha1="),
      secrets.contains(where: { signature(of: body, by: $0).matches(header.dropFirst(5).lowercased()) })
    else {
      throw Refusal(status: 403, code: "signature_invalid", message: "X-Signature does not belong to this body; check the secret")
    }
  }

  /// HMAC-SHA1 in hexadecimal; compared as a secret, in constant time.
  private static func signature(of body: [UInt8], by secret: Secret) -> Secret {
    let code = HMAC<Insecure.SHA1>.authenticationCode(for: body, using: SymmetricKey(data: Array(secret.reveal().utf8)))
    return Secret(code.hexadecimal)
  }

  /// Checks the token of an upgrade request against any of those configured; without one the peer must be on this machine.
  static func checkToken(of request: SocketRequest, tokens: [Secret]) throws(Refusal) {
    guard !tokens.isEmpty else {
      guard LoopbackAddress.contains(request.remoteAddress) else { throw loopbackOnly("access_token") }
      return
    }
    guard let given = headerToken(request.headers["authorization"]) ?? request.query["access_token"], !given.isEmpty else {
      throw Refusal(status: 401, code: "token_missing", message: "an access token is required: Authorization: Bearer <token>")
    }
    guard tokens.contains(where: { $0.matches(given) }) else {
      throw Refusal(
        status: 403, code: "token_invalid", message: "the access token is wrong; set the same access_token on both sides")
    }
  }

  /// The token after `Bearer` or `Token`, in any case; nil when there is none.
  private static func headerToken(_ header: String?) -> String? {
    guard let header else { return nil }
    let parts = header.split(separator: " ", maxSplits: 1)
    guard parts.count == 2, ["bearer", "token"].contains(parts[0].lowercased()) else { return nil }
    let token = parts[1].trimmingCharacters(in: .whitespaces)
    return token.isEmpty ? nil : token
  }

  private static func loopbackOnly(_ setting: String) -> Refusal {
    Refusal(
      status: 403, code: "loopback_only", message: "this channel has no \(setting) and therefore answers its own machine only")
  }
}
