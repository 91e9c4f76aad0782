import Audit
package import Core
package import Policy
package import Storage

extension Approvals {
  package enum Opening: Sendable {
    /// Waits for admins: post the answer where it was asked for.
    case waiting(WriteCall, answer: MessageContent)
    /// Policy lets it run unattended: it runs as soon as a worker claims it.
    case running(WriteCall)
    /// The same call is open already.
    case joined(WriteCall)
    /// Nobody is asked.
    case refused(Refusal)
  }

  /// Why nobody is asked.
  package struct Refusal: Sendable, Equatable {
    /// Stable, for the audit log.
    package let code: String
    /// For whoever asked: what is missing.
    package let message: String
  }

  /// Records a write call that policy permitted, and sends its card wherever else it may be decided.
  ///
  /// - Parameter gates: the gates to pass, with the terms that count from now on; empty = unattended.
  package func open(
    _ call: ToolCall, asked event: ChatEvent, gates: [Gate], rules: [String], in transaction: Transaction
  ) throws -> Opening {
    let digest = CallDigest.digest(of: call, in: event.conversation)
    if let open = try transaction.openCall(digest: digest) { return .joined(open) }
    let expiry = gates.map(\.expires).min() ?? .seconds(900)
    let runWithin = gates.map(\.runWithin).min() ?? .seconds(300)
    var record = WriteCall(
      code: try unusedCode(in: transaction), digest: digest, state: gates.isEmpty ? .approved : .pending, call: call,
      requesterName: event.sender.name, requesterRole: event.sender.role, conversation: event.conversation,
      gates: gates.map(\.name), terms: try Self.terms(gates),
      createdAt: transaction.now, expiresAt: transaction.now.advanced(by: expiry), runWithin: Int64(runWithin / .milliseconds(1)),
      runDeadline: gates.isEmpty ? transaction.now.advanced(by: runWithin) : nil, reply: event.replyAddress)
    guard !gates.isEmpty else {
      record = try transaction.insert(record)
      try witness(.approvalApproved, record, by: call.requester, rules: rules, in: transaction)
      return .running(record)
    }
    if let refusal = try refusal(of: record, gates: gates, in: transaction) { return .refused(refusal) }
    record.forwarded = try otherChats(for: record, gates: gates, in: transaction)
    record = try transaction.insert(record)
    try witness(.approvalRequested, record, by: call.requester, rules: rules, in: transaction)
    let card = ApprovalCard.content(for: record, progress: gates.map { GateProgress($0) })
    try tellElsewhere(card, of: record, in: transaction)
    guard gates.contains(where: { $0.places.contains(.origin) }) else {
      let text =
        "\(record.code) (\(record.tool)) waits for approval, which is not given in this chat; what comes of it is told here."
      return .waiting(record, answer: MessageContent(text: text))
    }
    return .waiting(record, answer: card)
  }

  private func unusedCode(in transaction: Transaction) throws -> String {
    var code = ApprovalCode.random()
    while try transaction.writeCall(code: code) != nil { code = ApprovalCode.random() }
    return code
  }

  // MARK: Not to ask at all

  /// People who are asked too often say yes to anything; so what waits is few, and what was refused is not asked for again at once.
  private func refusal(of record: WriteCall, gates: [Gate], in transaction: Transaction) throws -> Refusal? {
    if let end = try transaction.coolDown(of: record.digest) {
      let seconds = max(1, Int64(end.since(transaction.now) / .seconds(1)))
      return Refusal(code: "cooling_down", message: "it was denied a while ago; it may be asked for again in \(seconds) s")
    }
    let waiting = try transaction.writeCalls(in: .pending)
    if waiting.count(where: { person($0.requester) == person(record.requester) }) >= settings.pendingPerRequester {
      return Refusal(
        code: "too_many_pending",
        message: "too many of your requests wait already; /pending lists them, /deny CODE takes one back")
    }
    if waiting.count(where: { $0.skill == record.skill }) >= settings.pendingPerSkill {
      return Refusal(
        code: "too_many_pending", message: "too many requests of this skill wait already; try again when some are decided")
    }
    if waiting.count(where: { $0.conversation == record.conversation }) >= settings.pendingPerChat {
      return Refusal(
        code: "too_many_pending", message: "too many requests of this chat wait already; try again when some are decided")
    }
    return try unreachable(gates, of: record, in: transaction)
  }

  /// The first gate that nobody could pass, with what is missing.
  func unreachable(_ gates: [Gate], of record: WriteCall, in transaction: Transaction) throws -> Refusal? {
    let question = self.question(of: record, at: transaction.now)
    let known = Set(try transaction.adminChats().map(\.sender))
    for gate in gates {
      guard policy.canAnyoneApprove(question, gate: gate) else {
        let needed = gate.factors.map { "\($0.count) × \($0.roles.sorted().joined(separator: " or "))" }.joined(separator: ", ")
        return Refusal(
          code: "no_approver_for_\(gate.name)",
          message: "no one could approve it: gate \(gate.name) needs \(needed) beside whoever asks, and not so many are enrolled")
      }
      let isOpen =
        !record.conversation.scene.isPrivate && gate.places.contains(.origin)
        || !settings.opsChats.isEmpty && gate.places.contains(.ops)
      let isReachable: (Person) -> Bool = { gate.places.contains(.dm) && $0.ids.contains(where: known.contains) }
      guard isOpen || policy.canAnyoneApprove(question, gate: gate, where: isReachable) else {
        return Refusal(
          code: "no_place_for_\(gate.name)",
          message: "nobody who could approve it would see it: \(Self.missingPlaces(of: gate))")
      }
    }
    return nil
  }

  private static func missingPlaces(of gate: Gate) -> String {
    gate.places.map { place in
      switch place {
      case .origin: "only the robot and you are in this chat"
      case .ops: "no ops chat is configured (approvals.ops_chats)"
      case .dm: "too few approvers have ever written to the robot alone"
      }
    }.joined(separator: "; ")
  }
}
