import Core
import Foundation
import Testing

/// People of the tests: `ADMIN` may approve in QQ.
let qqPeople = """
  people:
    - { name: root, roles: [owner, admin], ids: ["qq:102000000:ADMIN", "playground:admin"] }
  defaults: { everyone: [member] }
  """

@Suite("The official platform, end to end", .timeLimit(.minutes(5)))
struct WebhookTests {
  @Test("a read tool is answered, a write waits for the admin, five deliveries of one event give one reply")
  func mainJob() async throws {
    let platform = try await QQPlatform.start()
    let house = try House(channels: platform.channelConfiguration, people: qqPeople)
    let service = try await ServiceProcess.start(
      in: house.folder, arguments: ["--log-tool-calls", "true"], environment: ["QQ_SECRET": QQPlatform.secret])

    let read = QQPlatform.groupMessage("m1", "/echo any text  at all", from: "ALICE")
    let answer = try await platform.deliver(read, to: service.port)
    #expect(answer.status == 200)
    #expect(answer.body == #"{"d":0,"op":12}"#)
    #expect(try await platform.answers(to: "m1") == ["any text  at all"])

    let write = QQPlatform.groupMessage("m2", #"/tickets.create title="two words" priority=2"#, from: "ALICE")
    _ = try await platform.deliver(write, to: service.port)
    let card = try #require(try await platform.answers(to: "m2").first)
    #expect(card.hasPrefix("[approval] "))
    let code = String(card.dropFirst("[approval] ".count).prefix(8))
    _ = try await platform.deliver(QQPlatform.groupMessage("m3", "/approve \(code)", from: "ALICE"), to: service.port)
    #expect(try await platform.answers(to: "m3").first?.contains("your own request") == true)
    _ = try await platform.deliver(QQPlatform.groupMessage("m4", "/approve \(code)", from: "ADMIN"), to: service.port)
    #expect(try await platform.answers(to: "m4").first?.contains("two words") == true)
    _ = try await platform.deliver(QQPlatform.groupMessage("m5", "/tickets.list", from: "ALICE"), to: service.port)
    #expect(try await platform.answers(to: "m5").first?.contains("two words") == true)

    let repeated = QQPlatform.groupMessage("m6", "/echo once", from: "ALICE")
    for _ in 0..<5 { #expect(try await platform.deliver(repeated, to: service.port).status == 200) }
    _ = try await platform.deliver(QQPlatform.groupMessage("m7", "/echo after", from: "ALICE"), to: service.port)
    #expect(try await platform.answers(to: "m7") == ["after"])
    #expect(platform.replies.count { $0.messageID == "m6" } == 1)

    #expect(platform.violations.isEmpty)
    let line = try await service.logLine { $0["msg"]?.string == "tool_call" && $0["tool"]?.string == "echo" }
    #expect(line["request_id"]?.string == answer.requestID)
    #expect(await service.terminate() == 0)
    let verified = try await Finished.run(
      ServiceProcess.program("openclaw"), ["audit", "verify", "--json"], in: house.folder,
      environment: ["QQ_SECRET": QQPlatform.secret])
    #expect(verified.status == 0, "\(verified.output)\(verified.errors)")
  }

  @Test(
    "where the platform takes neither markup nor buttons the card comes as plain text, and is decided by typing",
    arguments: [304_036, 50056] as [Int64])
  func plainCard(code refusal: Int64) async throws {
    let platform = try await QQPlatform.start()
    platform.refuseMarkdown(with: refusal)
    let house = try House(channels: platform.channelConfiguration, people: qqPeople)
    let service = try await ServiceProcess.start(in: house.folder, environment: ["QQ_SECRET": QQPlatform.secret])
    _ = try await platform.deliver(QQPlatform.groupMessage("m1", "/tickets.create plain", from: "ALICE"), to: service.port)
    let card = try #require(try await platform.answers(to: "m1").first)
    #expect(platform.markdownRefused == 1)
    #expect(card.hasPrefix("[approval] "))
    let code = String(card.dropFirst("[approval] ".count).prefix(8))
    #expect(card.hasSuffix("/approve \(code)   or   /deny \(code)"))
    _ = try await platform.deliver(QQPlatform.groupMessage("m2", "/approve \(code)", from: "ADMIN"), to: service.port)
    #expect(try await platform.answers(to: "m2").first?.contains("plain") == true)
    #expect(platform.replies.count { $0.messageID == "m1" } == 1)
    #expect(platform.violations.isEmpty)
    #expect(await service.terminate() == 0)
  }

  @Test("a pending request survives a restart of the service")
  func restart() async throws {
    let platform = try await QQPlatform.start()
    let house = try House(channels: platform.channelConfiguration, people: qqPeople)
    let environment = ["QQ_SECRET": QQPlatform.secret]
    let first = try await ServiceProcess.start(in: house.folder, environment: environment)
    _ = try await platform.deliver(QQPlatform.groupMessage("m1", "/tickets.create kept", from: "ALICE"), to: first.port)
    let card = try #require(try await platform.answers(to: "m1").first)
    await first.kill()
    let second = try await ServiceProcess.start(in: house.folder, environment: environment)
    let code = String(card.dropFirst("[approval] ".count).prefix(8))
    _ = try await platform.deliver(QQPlatform.groupMessage("m2", "/approve \(code)", from: "ADMIN"), to: second.port)
    #expect(try await platform.answers(to: "m2").first?.contains("kept") == true)
    #expect(await second.terminate() == 0)
  }
}
