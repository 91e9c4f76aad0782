import Core
import Policy
import Storage

/// What a call has to pass before it may run, and how far it is.
extension Approvals {
  /// The gates in full, for the record.
  static func terms(_ gates: [Gate]) throws -> String {
    try StoredText.encode(gates)
  }

  /// The gates as they were at the request; nil when nobody can tell.
  private func terms(of record: WriteCall) -> [Gate]? {
    guard let kept: [Gate] = try? StoredText.decode(record.terms) else { return nil }
    guard kept.isEmpty else { return kept }
    // Records of earlier versions have names only. One that is gone lets nobody through.
    let named = record.gates.compactMap { policy.snapshot?.gate(named: $0) }
    return named.count == record.gates.count ? named : nil
  }

  /// What stands between a call and its run.
  enum Demand {
    /// It must not run, whoever says so, for this reason.
    case impossible(String)
    /// All of these must be passed; none = it may run.
    case gates([Gate])
  }

  /// What counted when it was asked for, and what counts now: whatever is stricter. Rules, mode and build may have changed.
  func demand(of record: WriteCall, at now: Timestamp) -> Demand {
    guard let tool = toolbox.tool(named: record.tool), tool.build == record.build, tool.effect == .write else {
      return .impossible("skill_changed")
    }
    guard CallDigest.digest(of: call(of: record, by: tool), in: record.conversation) == record.digest else {
      return .impossible("digest_mismatch")
    }
    guard let kept = terms(of: record) else { return .impossible("gate_unknown") }
    switch policy.decideCall(question(of: record, at: now)) {
    case .deny(let denial): return .impossible(denial.code.rawValue)
    case .allow: return .gates(kept)
    case .gate(let gates, _): return .gates(kept + gates.filter { !kept.contains($0) })
    }
  }

  /// The gates that say whose business a call is, also when it cannot run any more. A call that ran unattended is looked after by
  /// those who stand at the default gate.
  func gates(of record: WriteCall, at now: Timestamp) -> [Gate] {
    if case .gates(let gates) = demand(of: record, at: now), !gates.isEmpty { return gates }
    if let kept = terms(of: record), !kept.isEmpty { return kept }
    return [policy.snapshot?.gate(named: Gate.defaultName)].compactMap { $0 }
  }

  // MARK: Who, and where

  /// What this chat is to that request.
  func places(of chat: Conversation, for record: WriteCall) -> Set<Gate.Place> {
    var places: Set<Gate.Place> = []
    if chat == record.conversation { places.insert(.origin) }
    if settings.opsChats.contains(chat) { places.insert(.ops) }
    if chat.scene.isPrivate { places.insert(.dm) }
    return places
  }

  /// Why a word that does not count on a request does not, for the audit log.
  func refusal(of event: ChatEvent, on record: WriteCall, gates: [Gate]) -> String {
    let places = self.places(of: event.conversation, for: record)
    return gates.contains { !places.isDisjoint(with: $0.places) } ? "not_eligible" : "wrong_chat"
  }

  /// Whether this sender's word, said in that chat, counts at the gate.
  func counts(_ sender: String, in chat: Conversation?, at gate: Gate, on record: WriteCall, at now: Timestamp) -> Bool {
    let places = chat.map { self.places(of: $0, for: record) } ?? [.origin, .dm]
    guard !places.isDisjoint(with: gate.places), person(sender) != person(record.requester) else { return false }
    return policy.mayApprove(question(of: record, at: now), approver: sender, gate: gate).denial == nil
  }

  // MARK: Counting

  struct Count {
    var progress: [GateProgress] = []
    /// Votes of people who have lost their say, or turned out to be the requester.
    var lapsed: [Vote] = []

    var isComplete: Bool { progress.allSatisfy(\.isPassed) }
    var isDenied: Bool { progress.contains(where: \.isDenied) }
  }

  /// Counts the votes of people who are eligible now, each person once: whose ids are whose may have changed.
  func count(_ votes: [Vote], at gates: [Gate], on record: WriteCall, now: Timestamp) -> Count {
    let standing = votes.filter { $0.voided == nil }
    var count = Count()
    // The operator's word at the machine itself stands for everybody's.
    if standing.contains(where: { $0.sender == Vote.console && $0.verb == .approve }) {
      count.progress = gates.map { gate in GateProgress(gate, approvals: gate.factors.map(\.count)) }
      return count
    }
    count.lapsed = standing.filter { vote in
      !gates.contains { counts(vote.sender, in: vote.conversation, at: $0, on: record, at: now) }
    }
    for gate in gates {
      var seats = FactorSeats(of: gate)
      var seen: Set<String> = []
      var deniers: Set<String> = []
      for vote in standing where counts(vote.sender, in: vote.conversation, at: gate, on: record, at: now) {
        let subject = policy.subject(vote.sender)
        if vote.verb == .deny {
          deniers.insert(subject.principal)
        } else if seen.insert(subject.principal).inserted {
          seats.add(subject.roles)
        }
      }
      count.progress.append(GateProgress(gate, approvals: seats.taken, denials: deniers.count))
    }
    return count
  }
}
