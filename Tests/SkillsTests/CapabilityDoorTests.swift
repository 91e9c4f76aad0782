import Core
import Crypto
import Foundation
import NIOHTTP1
import SkillLoader
import Testing

@testable import Skills

@Suite("Capabilities through both doors", .timeLimit(.minutes(5)))
struct CapabilityDoorTests {
  private final class Voice: SkillVoice {
    let said = Recorder<String>()

    func say(_ text: String, to address: ReplyAddress) async throws {
      said.add("\(address.conversation.scene): \(text)")
    }
  }

  private static let address = ReplyAddress(
    conversation: Conversation(channel: "main", account: "bot", scene: Scene(.group, "1")), requestID: RequestID(),
    answers: MessageReference(messageID: "m"))

  /// The skill that asks for anything, with scopes for a server on `port`.
  private func skill(port: Int, in folder: URL) throws -> (file: URL, hash: String) {
    var bytes = try SkillFixtures.bytes(SkillFixtures.fixture("capabilities"))
    let (mark, number) = (Array("59999".utf8), Array(String(port).utf8))
    for start in 0...bytes.count - mark.count where bytes[start..<start + mark.count].elementsEqual(mark) {
      bytes.replaceSubrange(start..<start + mark.count, with: number)
    }
    let file = folder.appending(path: "capabilities.so")
    try Data(bytes).write(to: file)
    return (file, SHA256.hash(data: bytes).hexadecimal)
  }

  @Test("an isolated and a trusted skill are answered alike", arguments: [false, true])
  func doors(_ isTrusted: Bool) async throws {
    let folder = try SkillFixtures.temporaryFolder()
    defer { try? FileManager.default.removeItem(at: folder) }
    try await TestHTTPServer.run({ .text("\($0.method) \($0.uri) \($0.headers.first(name: "X-Key") ?? "-")") }) { server in
      // Five digits, like the number that is written over.
      let port = server.port
      try #require(port > 9999)
      let (file, hash) = try skill(port: port, in: folder)
      let voice = Voice()
      let grants = try SkillGrants(granting: [
        "http:GET http://127.0.0.1:\(port)/*", "http:POST http://127.0.0.1:\(port)/*",
        "secret:weather", "chat:send",
      ])
      try await SkillHostHarness.run(
        [file], trusted: isTrusted ? [hash] : [], grants: grants,
        services: { services in
          services.voice = voice
          services.privateHosts = (try? PrivateHost("127.0.0.1:\(port)")).map { [$0] } ?? []
          try? services.secrets.add(Secret("s3cr3t"), as: "weather", for: ["http://127.0.0.1:\(port)/*"])
        }
      ) { harness in
        func ask(_ tool: String, _ name: String, _ request: JSON) async throws -> String {
          let arguments: JSON = ["name": .string(name), "request": request]
          let result = try await harness.host.call(harness.planned(tool, arguments, origin: Self.address))
          return "\(result["status"]?.integer ?? -1) \(result["answer"]?.string ?? "")"
        }
        let url = "http://127.0.0.1:\(port)"
        let get: JSON = ["method": "GET", "url": .string("\(url)/a"), "secrets": ["X-Key": "key {weather}"]]
        let post: JSON = ["method": "POST", "url": .string("\(url)/post"), "body": "x"]
        #expect(harness.status("capabilities.so")?.detail == (isTrusted ? "trusted: runs inside the host process" : nil))
        let got = try await ask("ask.read", "http.fetch", get)
        #expect(got.hasPrefix("0 {") && got.contains(#""body":"GET /a key [secret]""#), "\(got)")
        #expect(try await ask("ask.read", "http.fetch", post).hasPrefix("2 'ask.read' is a read tool"))
        #expect(try await ask("ask.write", "http.fetch", post).contains("POST /post"))
        #expect(try await ask("ask.write", "http.fetch", ["method": "POST", "url": .string("\(url)/other")]).hasPrefix("2 "))
        #expect(
          try await ask("ask.read", "secret.use", ["name": "weather", "hmac": "sha256", "text": ""]).hasPrefix("0 {\"hex\""))
        #expect(try await ask("ask.read", "chat.send", ["text": "no"]).hasPrefix("2 "))
        #expect(try await ask("ask.read", "kv.put", ["key": "a", "value": 1]).hasPrefix("2 "))
        #expect(try await ask("ask.write", "kv.put", ["key": "a", "value": 1]) == "0 null")
        #expect(try await ask("ask.read", "log", ["level": "info", "line": "hello"]) == "0 null")
        let helped = try await harness.host.call(harness.planned("ask.helpers", origin: Self.address))
        #expect(helped["answer"]?.string?.contains("GET /helper -") == true)
        #expect(voice.said.all == ["group:1: say \"hi\"\n"])
      }
    }
  }

  @Test("a tool whose scopes are not all granted is denied, and says which and what to do")
  func waits() async throws {
    let folder = try SkillFixtures.temporaryFolder()
    defer { try? FileManager.default.removeItem(at: folder) }
    let (file, _) = try skill(port: 59_999, in: folder.appending(path: "."))
    let grants = try SkillGrants(granting: ["http:GET http://127.0.0.1:59999/*"])
    try await SkillHostHarness.run([file], grants: grants) { harness in
      let error = try await harness.failure("ask.read", ["name": "clock", "request": [:]])
      #expect(error.code == .denied)
      #expect(error.message.contains("secret:weather") && error.message.contains("openclaw skill grant"), "\(error)")
      let helpers = try await harness.failure("ask.helpers")
      #expect(helpers.message.contains("chat:send"), "\(helpers)")
    }
  }
}
