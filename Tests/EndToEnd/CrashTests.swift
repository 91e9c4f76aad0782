import Core
import Foundation
import Testing

/// The service that is up now; whoever wants to talk to it waits while it is down.
private actor Slot {
  private let house: House
  private var service: ServiceProcess?
  private var waiters: [CheckedContinuation<Int, Never>] = []

  init(_ house: House) {
    self.house = house
  }

  func start() async throws {
    let started = try await ServiceProcess.start(in: house.folder, environment: ["QQ_SECRET": QQPlatform.secret])
    service = started
    for waiter in waiters { waiter.resume(returning: started.port) }
    waiters = []
  }

  func kill() async {
    let killed = service
    service = nil
    await killed?.kill()
  }

  func terminate() async -> Int32? { await service?.terminate() }

  func port() async -> Int {
    if let service { return service.port }
    return await withCheckedContinuation { waiters.append($0) }
  }
}

@Suite("kill -9", .timeLimit(.minutes(10)))
struct CrashTests {
  private static let kills = 30

  @Test("at 30 random moments under load: every accepted event is answered once, no write runs twice, the audit chain holds")
  func random() async throws {
    let platform = try await QQPlatform.start()
    let house = try House(channels: platform.channelConfiguration, people: qqPeople)
    let slot = Slot(house)
    try await slot.start()

    let load = Load(platform: platform, slot: slot)
    let readers = (1...4).map { lane in Task { try await load.read(lane: lane) } }
    let writer = Task { try await load.write() }
    for _ in 0..<Self.kills {
      // The moment itself is what is random here; nothing is being waited for.
      try await Task.sleep(for: .milliseconds(.random(in: 5...400)))
      await slot.kill()
      try await slot.start()
    }
    await load.stop()
    for reader in readers { try await reader.value }
    try await writer.value

    let accepted = await load.accepted
    #expect(accepted.count > Self.kills)
    let replies = try await platform.replies { replies in accepted.isSubset(of: replies.map(\.messageID)) }
    let counts = Dictionary(grouping: replies, by: \.messageID).mapValues(\.count)
    #expect(accepted.filter { counts[$0] != 1 }.isEmpty)
    for reply in replies where reply.messageID.hasPrefix("read-") { #expect(reply.text == reply.messageID) }

    // Every title that was reported as created exists once, and none exists twice.
    _ = try await platform.deliver(QQPlatform.groupMessage("final", "/tickets.list", from: "ALICE"), to: await slot.port())
    let list = try #require(try await platform.answers(to: "final").first)
    let titles = list.split(separator: "\n").compactMap { $0.split(separator: " ").dropFirst().first.map(String.init) }
    #expect(Set(titles).count == titles.count)
    #expect(await load.created.isSubset(of: titles))
    #expect(await load.created.count > 0)
    #expect(platform.violations.isEmpty)

    #expect(await slot.terminate() == 0)
    let verified = try await Finished.run(
      ServiceProcess.program("openclaw"), ["audit", "verify"], in: house.folder, environment: ["QQ_SECRET": QQPlatform.secret])
    #expect(verified.status == 0, "\(verified.output)\(verified.errors)")
  }

  /// People who talk to the robot, and whose platform redelivers until it is acknowledged.
  private actor Load {
    private let platform: QQPlatform
    private let slot: Slot
    private var isStopping = false
    private(set) var accepted: Set<String> = []
    private(set) var created: Set<String> = []

    init(platform: QQPlatform, slot: Slot) {
      self.platform = platform
      self.slot = slot
    }

    func stop() { isStopping = true }

    private func send(_ id: String, _ text: String, from member: String, in group: String) async {
      let event = QQPlatform.groupMessage(id, text, from: member, in: group)
      while true {
        if let answer = try? await platform.deliver(event, to: await slot.port()), answer.status == 200 { break }
      }
      accepted.insert(id)
    }

    func read(lane: Int) async throws {
      var number = 0
      while !isStopping {
        number += 1
        let id = "read-\(lane)-\(number)"
        await send(id, "/echo \(id)", from: "ALICE", in: "G\(lane)")
        // A person reads before writing on; it also keeps the backlog of a lane within the test's patience.
        if number.isMultiple(of: 20) { _ = try await platform.answers(to: id) }
      }
    }

    func write() async throws {
      var number = 0
      while !isStopping {
        number += 1
        await send("ask-\(number)", "/tickets.create t\(number)", from: "ALICE", in: "W")
        let card = try await platform.answers(to: "ask-\(number)")[0]
        let code = card.dropFirst("[approval] ".count).prefix(8)
        await send("yes-\(number)", "/approve \(code)", from: "ADMIN", in: "W")
        let outcome = try await platform.answers(to: "yes-\(number)")[0]
        if outcome.contains("t\(number) ") { created.insert("t\(number)") }
      }
    }
  }
}
