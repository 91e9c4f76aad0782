import Core
import Foundation
import TestSupport
import Testing

/// What other people's cryptography signs, we accept; what we sign, it accepts.
@Suite("QQ signatures and other people's cryptography", .timeLimit(.minutes(5)), .enabled(if: Peers.areInstalled))
struct SignaturePeerTests {
  /// Runs one of the two scripts.
  private func run(_ script: String, _ command: String, _ argument: String, input: String) async throws -> String {
    let finished = try await Finished.run(
      Peers.python, ["-B", Peers.script(script).path, command, QQPlatform.secret, argument],
      in: FileManager.default.temporaryDirectory, input: input)
    #expect(finished.status == 0, "\(finished.errors)")
    return finished.output.trimmingCharacters(in: .whitespacesAndNewlines)
  }

  @Test(
    "a webhook signed elsewhere is accepted, one that was changed is not, and our answer to op 13 is verified elsewhere",
    arguments: ["sign_pynacl", "sign_cryptography"])
  func webhook(script: String) async throws {
    let platform = try await QQPlatform.start()
    let house = try House(channels: platform.channelConfiguration)
    let service = try await ServiceProcess.start(in: house.folder, environment: ["QQ_SECRET": QQPlatform.secret])
    let now = WallClock.system.now().seconds

    let event = QQPlatform.groupMessage("m1", "/echo 你好", from: "ALICE")
    let signature = try await run(script, "sign", "\(now)", input: event.canonical)
    let accepted = try await post(event, signature, timestamp: now, to: service.port)
    #expect(accepted.status == 200)
    #expect(try await platform.answers(to: "m1") == ["你好"])
    let changed = QQPlatform.groupMessage("m1", "/echo 再见", from: "ALICE")
    #expect(try await post(changed, signature, timestamp: now, to: service.port).status == 401)
    #expect(try await post(event, signature, timestamp: now + 1, to: service.port).status == 401)

    let validation: JSON = ["op": 13, "d": ["plain_token": "Arq0D5A61EgUu4OxUvOp", "event_ts": "1725442341"]]
    let asked = try await run(script, "sign", "\(now)", input: validation.canonical)
    let answer = try await post(validation, asked, timestamp: now, to: service.port)
    #expect(answer.status == 200)
    let document = try JSON(parsing: answer.body)
    #expect(document["plain_token"] == "Arq0D5A61EgUu4OxUvOp")
    let ours = try #require(document["signature"]?.string)
    #expect(try await run(script, "verify", ours, input: "1725442341Arq0D5A61EgUu4OxUvOp") == "valid")
    #expect(try await run(script, "verify", ours, input: "1725442342Arq0D5A61EgUu4OxUvOp") == "invalid")
    #expect(await service.terminate() == 0)
  }

  private func post(_ event: JSON, _ signature: String, timestamp: Int64, to port: Int) async throws -> RawResponse {
    let body = Array(event.canonical.utf8)
    let head = Request.head([
      "POST /qq/webhook/main HTTP/1.1", "Host: localhost", "Content-Type: application/json", "Content-Length: \(body.count)",
      "X-Bot-Appid: \(QQPlatform.appID)", "X-Signature-Timestamp: \(timestamp)", "X-Signature-Ed25519: \(signature)",
    ])
    return try #require(try await RawClient.ask(port, head + body))
  }
}
