import Core
import Foundation
import Testing

@Suite("A platform on a bad day", .timeLimit(.minutes(10)))
struct FaultTests {
  private static let environment = ["QQ_SECRET": QQPlatform.secret]

  @Test("by webhook: of 10,000 events each is answered once, in order, within the limits, over faults and an outage of 30 s")
  func webhook() async throws {
    let platform = try await FaultyPlatform.start(.badDay(seed: 1))
    let house = try House(channels: platform.channelConfiguration(transport: "webhook"), skills: ["echo"])
    let service = try await ServiceProcess.start(in: house.folder, environment: Self.environment)
    let load = FaultLoad(transport: .webhook(port: service.port), book: platform.book, chats: 400, mostOpen: 4_000)
    async let outage: Void = Self.outage(of: platform)
    try await load.run(messagesPerChat: 25)
    try await outage
    try await platform.book.waitUntilOpen(atMost: 0)
    #expect(await service.terminate() == 0)
    #expect(platform.book.answers == 10_000)
    #expect(platform.book.violations.isEmpty, "\(platform.book.violations.prefix(5))")
    #expect(platform.book.repeats > 0)
  }

  @Test("by WebSocket: of 5,000 events each is answered once, in order, whatever becomes of the connection")
  func gateway() async throws {
    let platform = try await FaultyPlatform.start(.badDay(seed: 2))
    let gateway = try await PlatformGateway.start()
    platform.setGateway(gateway.url)
    let house = try House(channels: platform.channelConfiguration(transport: "websocket"), skills: ["echo"])
    let service = try await ServiceProcess.start(in: house.folder, environment: Self.environment)
    await gateway.waitForSession()
    let load = FaultLoad(transport: .gateway(gateway), book: platform.book, chats: 200, mostOpen: 600)
    async let losses: Void = Self.losses(of: gateway)
    try await load.run(messagesPerChat: 25)
    try await losses
    try await platform.book.waitUntilOpen(atMost: 0)
    #expect(await service.terminate() == 0)
    #expect(platform.book.answers == 5_000)
    #expect(
      (platform.book.violations + gateway.violations).isEmpty, "\(platform.book.violations.prefix(5)) \(gateway.violations)")
    #expect(gateway.resumes > 0)
    #expect(gateway.identifies > 1)
  }

  /// The moment is what matters here; nothing is being waited for.
  private static func outage(of platform: FaultyPlatform) async throws {
    try await Task.sleep(for: .seconds(2))
    platform.setDown(true)
    try await Task.sleep(for: .seconds(30))
    platform.setDown(false)
  }

  private static func losses(of gateway: PlatformGateway) async throws {
    for loss in PlatformGateway.Loss.allCases {
      // Three connections in a row that live for less than five seconds would make the service wait for a minute.
      try await Task.sleep(for: .seconds(6))
      await gateway.lose(loss)
      await gateway.waitForSession()
    }
  }
}
