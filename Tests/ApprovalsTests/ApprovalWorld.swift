import Approvals
import Audit
import Core
import Foundation
import Policy
import Storage
import Synchronization
import TestSupport
import Testing

/// Two admins, somebody who asks, a clock, rules, a skill and a store that restarts: everything that can happen to a write call.
final class ApprovalWorld {
  /// Rules that are in force by turns. `quorum` and `admins` are what they mean, told apart from what reads them.
  struct Rules: Sendable {
    let people: String
    let gates: String
    let more: String?
    let quorum: Int
    let admins: Set<String>
    var forbids = false

    private static let both = """
      people:
        - { name: root, roles: [owner, admin], ids: ["playground:admin", "playground:root2"] }
        - { name: second, roles: [admin], ids: ["playground:carol"] }
      defaults: { everyone: [member] }
      """
    private static let one = both.replacing(
      "roles: [admin], ids: [\"playground:carol\"]", with: "roles: [], ids: [\"playground:carol\"]")
    private static let single = "default_write: { approvers: [admin], quorum: 1, expires: 10m }"
    private static let double = "default_write: { approvers: [admin], quorum: 2, expires: 10m }"
    private static let forbid = "@id(\"none\") forbid (principal, action == Action::\"call\", resource == Tool::\"note\");"

    static let all = [
      Rules(people: both, gates: single, more: nil, quorum: 1, admins: ["root", "second"]),
      Rules(people: both, gates: double, more: nil, quorum: 2, admins: ["root", "second"]),
      Rules(people: one, gates: single, more: nil, quorum: 1, admins: ["root"]),
      Rules(people: both, gates: single, more: forbid, quorum: 1, admins: ["root", "second"], forbids: true),
    ]
  }

  /// What the test knows of a request, from what people were told.
  struct Known {
    let text: String
    let build: String
    let quorum: Int
    let askedAt: Timestamp
    /// People whose approval was taken.
    var approvers: Set<String> = []
    var retries = 0
    var runs = 0
    var path: [WriteCall.State] = []
  }

  static let people = ["admin": "root", "root2": "root", "carol": "second", "alice": "alice", "bob": "bob"]

  let temporary: TemporaryStore
  var store: Store
  let policy = PolicyEngine()
  let toolbox = FakeToolbox()
  let trail = AuditTrail(key: Data(repeating: 1, count: 32))
  let clock: WallClock
  var rules = Rules.all[0]
  var known: [String: Known] = [:]
  /// In the order in which they were asked for: a walk must not depend on codes, which are random.
  private(set) var codes: [String] = []
  private var audited: Int64 = 0
  private var build = "aaaa"
  private var said = 0

  init(on kind: StoreKind) throws {
    let box = TimeOfTest()
    clock = WallClock { box.now() }
    self.box = box
    temporary = try TemporaryStore(on: kind, clock: clock)
    store = temporary.store
    toolbox.add("note", .write, build: build)
    try follow(Rules.all[0])
  }

  private let box: TimeOfTest

  var approvals: Approvals {
    var settings = ApprovalSettings()
    settings.pendingPerRequester = 3
    return Approvals(policy: policy, audit: trail, toolbox: toolbox, settings: settings)
  }

  // MARK: What happens

  func follow(_ rules: Rules) throws {
    try policy.reloadShipped(people: rules.people, gates: rules.gates, adding: rules.more.map { ["50-more.cedar": $0] } ?? [:])
    self.rules = rules
  }

  func swapSkill() {
    build = build == "aaaa" ? "bbbb" : "aaaa"
    toolbox.add("note", .write, build: build)
  }

  func advance(_ duration: Duration) { box.advance(duration) }

  /// Another run of the process; what the last one had claimed is settled.
  func restart() async throws {
    let last = store
    store = try temporary.reopened(clock: clock)
    if last !== temporary.store { try last.close() }
    let approvals = approvals
    _ = try await store.write { try approvals.settleInterrupted(in: $0) }
  }

  private func event(_ text: String, from sender: String, in scene: Scene) -> ChatEvent {
    said += 1
    return .sample("\(said)", text, from: sender, in: scene)
  }

  func ask(_ text: String) async throws {
    let event = event("/note \(text)", from: "alice", in: Scene(.group, "1"))
    guard let tool = toolbox.tool(named: "note") else { return }
    let call = ToolCall(
      tool: tool, arguments: ["text": .string(text)], requestID: event.requestID, requester: event.sender.id, idempotencyKey: "k",
      origin: event.replyAddress)
    let question = CallQuestion(
      requester: call.requester, tool: tool, arguments: call.arguments, conversation: event.conversation, origin: .command,
      now: clock.now())
    guard case .gate(let gates, _) = policy.decideCall(question) else { return }
    let approvals = approvals
    let code = try await store.write { transaction -> String? in
      guard case .waiting(let record, _) = try approvals.open(call, asked: event, gates: gates, rules: [], in: transaction)
      else { return nil }
      return record.code
    }
    guard let code else { return }
    codes.append(code)
    known[code] = Known(text: text, build: build, quorum: rules.quorum, askedAt: clock.now())
  }

  func vote(_ verb: Vote.Verb, on code: String, by sender: String, in scene: Scene) async throws {
    let event = event("/\(verb.rawValue) \(code)", from: sender, in: scene)
    let approvals = approvals
    let refused = try await count(of: "approval.refused")
    let outcome = try await store.write { try approvals.vote(verb, code: code, event: event, in: $0) }
    let person = Self.people[sender] ?? sender
    switch outcome {
    case .counted, .approved:
      if verb == .approve {
        #expect(rules.admins.contains(person), "the word of somebody who is no admin was taken")
        #expect(policy.mode == .normal)
        known[code]?.approvers.insert(person)
      }
    case .denied, .invalidated: break
    case .closed, .unknownCode, .ownRequest, .tooLong, .alreadyDecided, .alreadyVoted, .unconfirmed:
      #expect(try await count(of: "approval.refused") == refused + 1, "a refused vote left no record")
    }
  }

  func resolve(_ word: Approvals.Resolution, on code: String, by sender: String) async throws {
    let event = event("/resolve", from: sender, in: Scene(.group, "1"))
    let approvals = approvals
    let refused = try await count(of: "approval.refused")
    let outcome = try await store.write { try approvals.resolve(word, code: code, event: event, in: $0) }
    guard case .resolved = outcome else {
      #expect(try await count(of: "approval.refused") == refused + 1, "a refused resolution left no record")
      return
    }
    #expect(rules.admins.contains(Self.people[sender] ?? sender))
    if word == .retry { known[code]?.retries += 1 }
  }

  enum Fate: CaseIterable {
    case success, failure, lost, killed
  }

  /// One round of the runner.
  func run(_ fate: Fate) async throws {
    let approvals = approvals
    let claim = try await store.write { transaction in
      _ = try approvals.expire(in: transaction)
      return try approvals.claim(in: transaction).claim
    }
    guard let claim else { return }
    try judge(claim)
    known[claim.record.code]?.runs += 1
    let result: Result<String, ToolError>
    switch fate {
    case .success: result = .success("noted")
    case .failure: result = .failure(ToolError(.badArgument, "no"))
    case .lost: result = .failure(ToolError(.crashed, "it crashed"))
    case .killed: return try await restart()
    }
    try await store.write { try approvals.finish(claim, with: result, in: $0) }
  }

  // MARK: What must hold

  /// What is about to run was asked for like this, by this build, and has the consent that it needed then and needs now.
  private func judge(_ claim: Approvals.Claim) throws {
    let call = try #require(known[claim.record.code])
    #expect(claim.call.arguments == ["text": .string(call.text)])
    #expect(claim.call.tool.build == call.build && build == call.build)
    #expect(!rules.forbids && policy.mode == .normal)
    #expect(call.approvers.intersection(rules.admins).count >= max(call.quorum, rules.quorum), "it runs without consent")
    #expect(call.runs <= call.retries, "it runs twice")
  }

  /// Ways from one state to another, written down again.
  private static let ways: [WriteCall.State: Set<WriteCall.State>] = [
    .pending: [.approved, .denied, .expired, .cancelled, .invalidated],
    .approved: [.expired, .invalidated, .claimed, .unknown, .pending],
    .claimed: [.succeeded, .failed, .unknown],
    .unknown: [.succeeded, .failed, .approved],
  ]
  private static let kinds: [String: Set<WriteCall.State>] = [
    "approval.requested": [.pending], "approval.approved": [.approved], "approval.denied": [.denied],
    "approval.expired": [.expired], "approval.cancelled": [.cancelled], "approval.invalidated": [.invalidated],
    "approval.reopened": [.pending], "exec.claimed": [.claimed], "exec.result": [.succeeded, .failed], "exec.unknown": [.unknown],
    "exec.resolved": [.succeeded, .failed, .approved],
  ]

  /// Every change of a state left exactly one record, which says what it became, in an order that is possible.
  func checkAudit() async throws {
    let after = audited
    let (heads, states, codes) = try await store.read { [known] transaction in
      let rows = try transaction.auditRows(after: after, limit: 10_000)
      let states = try known.keys.reduce(into: [String: WriteCall.State]()) {
        $0[$1] = try transaction.writeCall(code: $1)?.state
      }
      let codes = try rows.map { row in try row.body.map { try JSON(parsing: $0.text)["code"]?.string ?? "" } ?? "" }
      return (try rows.map { ($0.sequence, try JSON(parsing: $0.head)) }, states, codes)
    }
    for ((sequence, head), code) in zip(heads, codes) {
      audited = sequence
      guard let kind = head["kind"]?.string, let allowed = Self.kinds[kind] else { continue }
      let state = try #require(head["outcome"]?.string.flatMap { WriteCall.State(rawValue: $0) })
      #expect(allowed.contains(state), "\(kind) says \(state)")
      if let last = known[code]?.path.last {
        #expect(Self.ways[last]?.contains(state) == true, "from \(last) to \(state) by \(kind)")
      } else {
        #expect(state == .pending)
      }
      known[code]?.path.append(state)
    }
    for (code, state) in states { #expect(known[code]?.path.last == state, "a change to \(state) left no record") }
  }

  private func count(of kind: String) async throws -> Int {
    let after = audited
    return try await store.read { transaction in
      try transaction.auditRows(after: after, limit: 10_000).count { try JSON(parsing: $0.head)["kind"]?.string == kind }
    }
  }
}

private final class TimeOfTest: Sendable {
  private let time = Mutex(Timestamp(seconds: 1_800_000_000))
  func now() -> Timestamp { time.withLock { $0 } }
  func advance(_ duration: Duration) { time.withLock { $0 = $0.advanced(by: duration) } }
}
