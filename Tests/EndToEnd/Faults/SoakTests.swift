import Core
import Foundation
import Testing

/// How long to run; a short form unless somebody asks for more: `make soak TIME=1800`.
private let soakSeconds = ProcessInfo.processInfo.environment["OPENCLAW_SOAK_SECONDS"].flatMap { Int($0) } ?? 15

@Suite("Running for long", .timeLimit(.minutes(soakSeconds / 60 + 5)))
struct SoakTests {
  private static let eventsPerSecond = 200
  private static let chats = 400

  @Test("at 200 events a second with faults, each is answered once, and neither memory nor descriptors grow")
  func soak() async throws {
    let platform = try await FaultyPlatform.start(.longDay(seed: 3))
    let house = try House(channels: platform.channelConfiguration(transport: "webhook"), skills: ["echo"])
    let service = try await ServiceProcess.start(in: house.folder, environment: ["QQ_SECRET": QQPlatform.secret])
    let process = service.processIdentifier
    let load = FaultLoad(transport: .webhook(port: service.port), book: platform.book, chats: Self.chats, mostOpen: 5_000)

    let messages = max(1, soakSeconds * Self.eventsPerSecond / Self.chats)
    let pace = Duration.seconds(1) * Self.chats / Self.eventsPerSecond
    async let usage = Self.watch(process)
    try await load.run(messagesPerChat: messages, pace: pace)
    let (early, late) = try await usage
    try await platform.book.waitUntilOpen(atMost: 0)

    let said = Comment(rawValue: "early: \(early); late: \(late)")
    print("soak: \(platform.book.answers) answers in \(soakSeconds) s; \(said.rawValue)")
    #expect(platform.book.answers == messages * Self.chats)
    #expect(platform.book.violations.isEmpty, "\(platform.book.violations.prefix(5))")
    #expect(late.memory <= early.memory + max(early.memory / 5, 16_384), said)
    #expect(late.descriptors <= early.descriptors + 40, said)
    #expect(await service.terminate() == 0)
  }

  /// Looks after a third of the time, when everything has been used once, and again near the end.
  private static func watch(_ process: Int32) async throws -> (early: ProcessUsage, late: ProcessUsage) {
    try await Task.sleep(for: .seconds(soakSeconds) / 3)
    let early = ProcessUsage(of: process)
    try await Task.sleep(for: .seconds(soakSeconds) * 3 / 5)
    return (early, ProcessUsage(of: process))
  }
}
