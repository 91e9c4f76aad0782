import Core
import Foundation
import GRDB
import Testing

/// Where in the life of a write call the service is killed, and what must have become of the call in the end.
private struct Turn: Sendable, CustomTestStringConvertible {
  /// What people do.
  enum Story: Sendable {
    /// Ask, and two consents; whatever comes of it is waited for.
    case run
    case deny
    /// The requester takes it back.
    case cancel
    /// Nobody says anything until it is too late.
    case expire
    /// A new rule forbids it; then somebody consents.
    case forbid
  }

  let story: Story
  let commit: CrashShim.Commit
  /// The state at the end.
  let state: String
  /// How often the effect was had.
  let effects: Int

  var testDescription: String { "\(commit.testDescription): \(state)" }

  static func at(
    _ kind: String, in story: Story = .run, before: (String, Int), after: (String, Int)
  ) -> [Turn] {
    [(false, before), (true, after)].map { isOnDisk, end in
      Turn(story: story, commit: .init(word: "\"kind\":\"\(kind)\"", isOnDisk: isOnDisk), state: end.0, effects: end.1)
    }
  }

  /// What stands in the table of crash points: nothing is lost before the claim, nothing is repeated after it.
  static let all =
    at("approval.requested", before: ("succeeded", 1), after: ("succeeded", 1))
    + at("approval.vote", before: ("succeeded", 1), after: ("succeeded", 1))
    + at("approval.approved", before: ("succeeded", 1), after: ("succeeded", 1))
    + at("exec.claimed", before: ("succeeded", 1), after: ("unknown", 0))
    + at("capability.begun", before: ("unknown", 0), after: ("unknown", 0))
    + at("exec.result", before: ("unknown", 1), after: ("succeeded", 1))
    + at("approval.denied", in: .deny, before: ("denied", 0), after: ("denied", 0))
    + at("approval.cancelled", in: .cancel, before: ("cancelled", 0), after: ("cancelled", 0))
    + at("approval.expired", in: .expire, before: ("expired", 0), after: ("expired", 0))
    + at("approval.invalidated", in: .forbid, before: ("invalidated", 0), after: ("invalidated", 0))
}

@Suite("kill -9 at every step of a write call (T16)", .serialized, .timeLimit(.minutes(10)))
struct TransitionTests {
  @Test("the call ends as the table says, its effect comes once at most, and never unapproved", arguments: Turn.all)
  private func step(turn: Turn) async throws {
    let theatre = try await Theatre(expires: turn.story == .expire ? "3s" : "15m")
    let play = theatre.begin(turn.story)
    defer { play.cancel() }
    #expect(try await theatre.service.live(until: .commit(turn.commit)))
    try await theatre.service.start()
    try await play.value
    try await theatre.expect(turn.state, effects: turn.effects)
  }

  @Test("killed while the tool has had its effect and is not answered: unknown, and not repeated")
  func halfDone() async throws {
    let theatre = try await Theatre()
    let made = Task { [world = theatre.world] in await world.hasMade("E") }
    let play = theatre.begin(.run)
    defer { play.cancel() }
    #expect(try await theatre.service.live(until: .hand(of: Task { await made.value })))
    try await theatre.service.start()
    try await play.value
    try await theatre.expect("unknown", effects: 1)
  }

  @Test(
    "killed when a stricter gate asks for consent again: it waits for one more word, and then runs", arguments: [false, true])
  func reopened(isOnDisk: Bool) async throws {
    let theatre = try await Theatre()
    let play = theatre.begin(.run)
    defer { play.cancel() }
    #expect(
      try await theatre.service.live(until: .commit(.init(word: "\"kind\":\"approval.approved\"", isOnDisk: true))))
    try theatre.ask(for: 3)
    #expect(
      try await theatre.service.live(until: .commit(.init(word: "\"kind\":\"approval.reopened\"", isOnDisk: isOnDisk))))
    try await theatre.service.start()
    try await theatre.say("third", "/approve \(try await theatre.code())", from: "THIRD")
    _ = try await theatre.platform.book.words(to: "third")
    try await play.value
    try await theatre.expect("succeeded", effects: 1, votes: 3)
  }

  @Test(
    "killed when the next start settles what was lost, and when an admin does",
    arguments: ["exec.unknown done", "exec.resolved done", "exec.resolved failed", "exec.resolved retry"], [false, true])
  func settled(step: String, isOnDisk: Bool) async throws {
    let parts = step.split(separator: " ").map(String.init)
    let (kind, word) = (parts[0], parts[1])
    let theatre = try await Theatre()
    let play = theatre.begin(.run)
    defer { play.cancel() }
    let claimed = CrashShim.Commit(word: "\"kind\":\"exec.claimed\"", isOnDisk: true)
    #expect(try await theatre.service.live(until: .commit(claimed)))
    let settling = Task {
      try await play.value
      try await theatre.say("settle", "/resolve \(try await theatre.code()) \(word)", from: "ADMIN")
      return try await theatre.platform.book.words(to: "settle")
    }
    defer { settling.cancel() }
    let commit = CrashShim.Commit(word: "\"kind\":\"\(kind)\"", isOnDisk: isOnDisk)
    #expect(try await theatre.service.live(until: .commit(commit)))
    try await theatre.service.start()
    let answer = try await settling.value
    switch word {
    case "retry": #expect(answer.contains(#""name":"E""#), "\(answer)")
    default: #expect(answer.contains(word == "done" ? "succeeded" : "failed"), "\(answer)")
    }
    try await theatre.expect(word == "failed" ? "failed" : "succeeded", effects: word == "retry" ? 1 : 0)
  }
}

/// One house, one group, one call.
private struct Theatre: Sendable {
  private static let group = "G"
  private static let people = """
    people:
      - { name: root, roles: [owner, admin], ids: ["qq:102000000:ADMIN"] }
      - { name: second, roles: [admin], ids: ["qq:102000000:SECOND"] }
      - { name: third, roles: [admin], ids: ["qq:102000000:THIRD"] }
    defaults: { everyone: [member] }
    """

  let platform: FaultyPlatform
  let world: OutsideWorld
  let service: RestartingService
  private let house: CrashHouse
  private let policies: URL
  private let load: CrashLoad

  init(expires: String = "15m") async throws {
    platform = try await FaultyPlatform.start(PlatformFaults(seed: 0, perTenThousand: [:]))
    world = try await OutsideWorld.start()
    house = try await CrashHouse(platform: platform, world: world)
    policies = house.folder.appending(path: "policies")
    try Data(Self.people.utf8).write(to: policies.appending(path: "roles.yaml"))
    service = RestartingService(in: house.folder, shim: try await CrashShim.built(in: house.folder))
    load = CrashLoad(platform: platform, world: world, service: service)
    try ask(for: 2, expires: expires)
  }

  /// From now on so many have to consent.
  func ask(for quorum: Int, expires: String = "15m") throws {
    let gates = "default_write: { approvers: [admin], quorum: \(quorum), expires: \(expires), run_within: 5m }\n"
    try Data(gates.utf8).write(to: policies.appending(path: "gates.yaml"))
  }

  /// Begins the story; it goes on over every life of the service until its last answer has come.
  func begin(_ story: Turn.Story) -> Task<Void, any Error> {
    Task {
      let book = platform.book
      try await say("ask", "/effect.make E", from: "ALICE")
      let code = try await code()
      switch story {
      case .run:
        try await say("first", "/approve \(code)", from: "SECOND")
        _ = try await book.words(to: "first")
        try await say("second", "/approve \(code)", from: "ADMIN")
        _ = try await book.words(to: "second")
      case .deny:
        try await say("no", "/deny \(code)", from: "ADMIN")
        _ = try await book.words(to: "no")
      case .cancel:
        try await say("no", "/deny \(code)", from: "ALICE")
        _ = try await book.words(to: "no")
      case .expire:
        while try await state() != "expired" { try await Task.sleep(for: .milliseconds(200)) }
      case .forbid:
        let rule = #"@id("closed") forbid (principal, action == Action::"call", resource in Effect::"write");"#
        // The shipped tests say that it is permitted.
        try? FileManager.default.removeItem(at: policies.appending(path: "tests"))
        try Data(rule.utf8).write(to: policies.appending(path: "90-closed.cedar"))
        // Rules that were in force are kept.
        while try await count("policy_snapshot") < 2 { try await Task.sleep(for: .milliseconds(200)) }
        try await say("yes", "/approve \(code)", from: "SECOND")
        _ = try await book.words(to: "yes")
      }
    }
  }

  /// What stands on the card.
  func code() async throws -> String {
    let card = try await platform.book.words(to: "ask")
    guard card.hasPrefix("[approval] ") else { throw ProcessProblem("no card but \(card)") }
    return String(card.dropFirst("[approval] ".count).prefix(8))
  }

  func say(_ id: String, _ text: String, from member: String) async throws {
    try await load.say(id, text, from: member, in: Self.group)
  }

  /// Stops the service and judges what is left.
  func expect(
    _ state: String, effects: Int, votes: Int = 2, sourceLocation: SourceLocation = #_sourceLocation
  ) async throws {
    #expect(await service.stop() == 0, sourceLocation: sourceLocation)
    #expect(try await self.state() == state, sourceLocation: sourceLocation)
    #expect(world.count(of: "E") == effects, sourceLocation: sourceLocation)
    #expect(try await count("write_call") == 1, sourceLocation: sourceLocation)
    // Nothing was done that as many people as it takes had not consented to.
    if effects > 0 { #expect(try await count("vote WHERE verb = 'approve'") == votes, sourceLocation: sourceLocation) }
    let problems = try await JournalCheck.problems(in: house.data)
    #expect(problems.isEmpty, "\(problems)", sourceLocation: sourceLocation)
    // A card, and later that it has expired, answer the same message.
    let violations = platform.book.violations.filter { state != "expired" || !$0.hasPrefix("ask was answered again") }
    #expect(violations.isEmpty, "\(violations)", sourceLocation: sourceLocation)
  }

  private func state() async throws -> String? {
    try await look { try String.fetchOne($0, sql: "SELECT state FROM write_call ORDER BY id") }
  }

  private func count(_ rows: String) async throws -> Int {
    try await look { try Int.fetchOne($0, sql: "SELECT COUNT(*) FROM \(rows)") }
  }

  private func look<Value: Sendable>(_ body: @escaping @Sendable (Database) throws -> Value?) async throws -> Value {
    var configuration = GRDB.Configuration()
    configuration.readonly = true
    configuration.busyMode = .timeout(5)
    let database = try DatabaseQueue(path: house.data.appending(path: "openclaw.db").path, configuration: configuration)
    defer { try? database.close() }
    guard let value = try await database.read(body) else { throw ProcessProblem("there is no such row") }
    return value
  }
}
