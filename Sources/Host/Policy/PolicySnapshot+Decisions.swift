import Core

/// The four questions, answered by the rules of one snapshot.
extension PolicySnapshot {
  func decideCall(_ question: CallQuestion, mode: Mode) -> CallDecision { ruling(on: question, mode: mode).decision }

  func ruling(on question: CallQuestion, mode: Mode) -> Ruling {
    if let denial = mode.denial(of: question.tool.effect) { return Ruling(.deny(denial)) }
    let (call, auto) = answers(to: question, mode: mode)
    let decision = decision(call, auto)
    // What is denied anyway tells nothing of a rule on trial.
    if case .deny = decision { return Ruling(decision) }
    return Ruling(decision, trials: trials(call.trials + (auto?.trials ?? [])))
  }

  private func decision(_ call: Authorization, _ auto: Authorization?) -> CallDecision {
    guard let auto else { return .deny(denial(call)) }
    let named = Set(call.permits.compactMap { rules.rules[$0].gate })
    if named.isEmpty, auto.isAllowed {
      return .allow(rules: ids(call.permits + auto.permits))
    }
    // A gate that vanished cannot happen: every name was checked when the rules were loaded.
    let gates = (named.isEmpty ? [Gate.defaultName] : named.sorted()).map { self.gates[$0] ?? .builtIn }
    return .gate(gates, rules: ids(call.permits + auto.forbids))
  }

  /// What the rules say to a call, and where they permit it also whether it may run by itself.
  func answers(to question: CallQuestion, mode: Mode) -> (call: Authorization, auto: Authorization?) {
    let (request, entities) = request(.call, question, mode: mode)
    let call = rules.authorize(request, entities)
    guard call.isAllowed else { return (call, nil) }
    return (call, rules.authorize(request.asking(.auto), entities))
  }

  /// The question as rules see it.
  func request(_ action: Vocabulary.Action, _ question: CallQuestion, mode: Mode) -> (Request, EntityStore) {
    let facts = facts(question, mode)
    let request = Request(
      principal: roles.user(question.requester).uid, action: action.uid, resource: EntityUID("Tool", question.tool.name),
      context: facts.context)
    return (request, EntityStore(facts.entities))
  }

  /// What the rules say to an approver.
  func answer(to question: CallQuestion, approver: String, mode: Mode) -> Authorization {
    var facts = facts(question, mode)
    let principal = roles.user(approver)
    facts.add(principal)
    return ask(.approve, principal: principal, resource: EntityUID("Tool", question.tool.name), facts)
  }

  /// What the rules say to a skill.
  func answer(to question: UseQuestion, mode: Mode) -> Authorization {
    var facts = RequestFacts(requester: roles.user(question.requester), now: question.now, mode: mode)
    facts.add(question)
    let skill = Entity(uid: EntityUID("Skill", question.skill))
    return ask(.use, principal: skill, resource: EntityUID("Capability", question.capability), facts)
  }

  func mayApprove(_ question: CallQuestion, approver: String, gate: Gate, mode: Mode) -> Verdict {
    if let denial = mode.denial(of: question.tool.effect) { return .deny(denial) }
    return maySpeak(on: question, approver: approver, gate: gate, mode: mode)
  }

  /// To say what came of a call writes nothing.
  func maySettle(_ question: CallQuestion, approver: String, gate: Gate, mode: Mode) -> Verdict {
    if let denial = mode.denial(of: .read) { return .deny(denial) }
    return maySpeak(on: question, approver: approver, gate: gate, mode: mode)
  }

  private func maySpeak(on question: CallQuestion, approver: String, gate: Gate, mode: Mode) -> Verdict {
    guard roles.subject(approver).roles.contains(where: gate.approvers.contains) else { return .deny(Denial(.notAnApprover)) }
    return verdict(answer(to: question, approver: approver, mode: mode))
  }

  /// Whether enough people other than the requester could let the call through the gate.
  func canAnyoneApprove(_ question: CallQuestion, gate: Gate, mode: Mode, where isReachable: (Person) -> Bool) -> Bool {
    let requester = roles.subject(question.requester).principal
    var seats = FactorSeats(of: gate)
    for person in roles.people where Text(person.name) != Text(requester) && isReachable(person) {
      guard let id = person.ids.first, mayApprove(question, approver: id, gate: gate, mode: mode).denial == nil else { continue }
      seats.add(roles.subject(id).roles)
      if seats.isFull { return true }
    }
    return false
  }

  func mayUse(_ question: UseQuestion, mode: Mode) -> Verdict {
    if let denial = mode.denial(of: question.effect) { return .deny(denial) }
    return verdict(answer(to: question, mode: mode))
  }
}

extension PolicySnapshot {
  private func facts(_ question: CallQuestion, _ mode: Mode) -> RequestFacts {
    let role = question.conversation.scene.isShared ? question.requesterRole : nil
    var facts = RequestFacts(requester: roles.user(question.requester, as: role), now: question.now, mode: mode)
    facts.add(question, toolsets: toolsets.groups(of: question.tool.name))
    return facts
  }

  private func ask(
    _ action: Vocabulary.Action, principal: Entity, resource: EntityUID, _ facts: RequestFacts
  ) -> Authorization {
    let request = Request(principal: principal.uid, action: action.uid, resource: resource, context: facts.context)
    return rules.authorize(request, EntityStore(facts.entities))
  }

  private func verdict(_ answer: Authorization) -> Verdict {
    answer.isAllowed ? .allow(rules: ids(answer.permits)) : .deny(denial(answer))
  }

  private func denial(_ answer: Authorization) -> Denial {
    let errors = answer.errors.map { rule, error in
      let rule = rules.rules[rule]
      return RuleError(rule: rule.id, place: rule.source.place(of: error.span), message: error.reason.description)
    }
    if !answer.forbids.isEmpty { return Denial(.forbidden, rules: ids(answer.forbids), errors: errors) }
    if answer.hasErroringForbid {
      let forbids = answer.errors.map(\.rule).filter { rules.rules[$0].effect == .forbid }
      return Denial(.forbidError, rules: ids(forbids), errors: errors)
    }
    return Denial(.noPermit, errors: errors)
  }

  private func trials(_ positions: [Int]) -> [TrialForbid] {
    positions.map { position in
      let rule = rules.rules[position]
      let words = rule.annotation("description")?.value.string
      return TrialForbid(rule: rule.id, warning: rule.trial == .warn ? words ?? "rule \(rule.id)" : nil)
    }
  }

  private func ids(_ positions: [Int]) -> [String] {
    positions.map { rules.rules[$0].id }
  }
}

extension Request {
  func asking(_ action: Vocabulary.Action) -> Request {
    Request(principal: principal, action: action.uid, resource: resource, context: context)
  }
}

extension Mode {
  /// What the mode alone denies, whatever the rules say.
  func denial(of effect: Effect) -> Denial? {
    switch self {
    case .normal: nil
    case .readOnly: effect == .write ? Denial(.readOnly) : nil
    case .explainOnly: Denial(.explainOnly)
    case .lockdown: Denial(.lockdown)
    }
  }
}
