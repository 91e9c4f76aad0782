import Foundation
import HTTPTypes
import Hummingbird
import Logging

/// What the HTTP library costs by itself: takes the same POST, reads its body, and answers 200.
enum BareServer {
  /// Runs until the process ends.
  ///
  /// - Parameter verifies: check the signature too.
  static func run(verifies: Bool) async throws {
    let key = try BotKey.shared.get()
    let router = Router()
    router.post(RouterPath(SignedRequests.path)) { request, _ -> HTTPResponse.Status in
      let body = try await request.body.collect(upTo: 1 << 20)
      guard verifies else { return .ok }
      guard let signature = request.headers[signatureName], let timestamp = request.headers[timestampName],
        key.isValid(signature: signature, timestamp: timestamp, body: body.readableBytesView)
      else { return .unauthorized }
      return .ok
    }
    var logger = Logger(label: "bare")
    logger.logLevel = .critical
    let application = Application(
      router: router, configuration: ApplicationConfiguration(address: .hostname("127.0.0.1", port: 0)),
      onServerRunning: { LogLine(msg: "listening", port: String($0.localAddress?.port ?? 0)).write() }, logger: logger)
    try await application.runService()
  }

  private static let signatureName = name("X-Signature-Ed25519")
  private static let timestampName = name("X-Signature-Timestamp")

  private static func name(_ text: String) -> HTTPField.Name {
    guard let name = HTTPField.Name(text) else { preconditionFailure("\(text) is a token of RFC 9110") }
    return name
  }
}
