import Core
import Synchronization

/// Holds the rules in force and answers questions by them. Every answer is given by one snapshot from start to end.
package final class PolicyEngine: Sendable {
  private struct State {
    /// As the folders say.
    var loaded: PolicySnapshot?
    var loadedShadow: PolicySnapshot?
    var enrolled: [Person] = []
    /// The same with those who are enrolled.
    var snapshot: PolicySnapshot?
    var shadow: PolicySnapshot?
    var mode: Mode
    /// Whether what is decided can be written into the audit log.
    var isWitnessed = true
    var lastError: PolicyError?
    var shadowError: PolicyError?

    /// Nothing is changed that nobody could witness.
    var effectiveMode: Mode { mode == .normal && !isWitnessed ? .readOnly : mode }
  }

  private let state: Mutex<State>
  private let onShadowDifference: @Sendable (ShadowDifference) -> Void

  /// An engine without rules denies everything as in lockdown.
  ///
  /// - Parameter onShadowDifference: told, on the caller's thread, of every answer that rules in shadow would have given otherwise.
  package init(
    snapshot: PolicySnapshot? = nil, mode: Mode = .normal,
    onShadowDifference: @escaping @Sendable (ShadowDifference) -> Void = { _ in }
  ) {
    state = Mutex(State(loaded: snapshot, snapshot: snapshot, mode: mode))
    self.onShadowDifference = onShadowDifference
  }

  /// Starts with the rules of a folder, or in lockdown when they are unusable; `lastError` then says why.
  /// Blocks on the disk: not for the cooperative pool.
  package convenience init(
    directory: String, mode: Mode = .normal, digest: ([UInt8]) -> String = PolicySnapshot.fnv1a
  ) {
    self.init(mode: mode)
    _ = try? reload(from: directory, digest: digest)
  }

  /// Takes the rules of a folder as a whole, or keeps those in force and says what is wrong.
  /// Blocks on the disk: not for the cooperative pool.
  @discardableResult
  package func reload(
    from directory: String, digest: ([UInt8]) -> String = PolicySnapshot.fnv1a
  ) throws(PolicyError) -> PolicySnapshot {
    do {
      let snapshot = try PolicySnapshot.load(directory: directory, digest: digest)
      take(snapshot)
      return snapshot
    } catch {
      refuse(error)
      throw error
    }
  }

  /// These rules are in force from now on.
  package func take(_ snapshot: PolicySnapshot) {
    state.withLock {
      $0.loaded = snapshot
      $0.snapshot = snapshot.adding($0.enrolled)
      $0.lastError = nil
    }
  }

  /// Other rules were not taken; those in force stay.
  package func refuse(_ error: PolicyError) {
    state.withLock { $0.lastError = error }
  }

  /// Rules that are asked beside those in force and decide nothing; nil for none.
  ///
  /// - Parameter error: why those that there are cannot be asked.
  package func setShadow(_ snapshot: PolicySnapshot?, error: PolicyError? = nil) {
    state.withLock {
      $0.loadedShadow = snapshot
      $0.shadow = snapshot?.adding($0.enrolled)
      $0.shadowError = error
    }
  }

  /// The rules in shadow, and why there are none although there should be some.
  package var shadow: (snapshot: PolicySnapshot?, error: PolicyError?) { state.withLock { ($0.shadow, $0.shadowError) } }

  /// The rules in force; nil when there never were any.
  package var snapshot: PolicySnapshot? { state.withLock(\.snapshot) }

  /// Why the last reload was refused; nil when it was not.
  package var lastError: PolicyError? { state.withLock(\.lastError) }

  /// The mode that decisions are made in: lockdown as long as there are no rules.
  package var mode: Mode { state.withLock { $0.snapshot == nil ? .lockdown : $0.effectiveMode } }

  /// - Returns: whether it was another before.
  @discardableResult
  package func setMode(_ mode: Mode) -> Bool {
    state.withLock { state in
      defer { state.mode = mode }
      return state.mode != mode
    }
  }

  /// While the audit log cannot be written, decisions are made as in `read_only`.
  ///
  /// - Returns: whether it was otherwise before.
  @discardableResult
  package func setWitnessed(_ isWitnessed: Bool) -> Bool {
    state.withLock { state in
      defer { state.isWitnessed = isWitnessed }
      return state.isWitnessed != isWitnessed
    }
  }

  /// Takes people beside those of `roles.yaml`, with all their ids. The file wins where both speak of the same id or person.
  ///
  /// - Returns: whether they were others before.
  @discardableResult
  package func setEnrolled(_ people: [Person]) -> Bool {
    state.withLock { state in
      guard state.enrolled != people else { return false }
      state.enrolled = people
      state.snapshot = state.loaded?.adding(people)
      state.shadow = state.loadedShadow?.adding(people)
      return true
    }
  }

  private struct Current {
    let snapshot: PolicySnapshot
    let shadow: PolicySnapshot?
    let mode: Mode
  }

  private func current() -> Current? {
    state.withLock { state in
      state.snapshot.map { Current(snapshot: $0, shadow: state.shadow, mode: state.effectiveMode) }
    }
  }
}

// MARK: - Questions

extension PolicyEngine {
  /// Whether a call may run now, after approval, or not.
  package func decideCall(_ question: CallQuestion) -> CallDecision { ruling(on: question).decision }

  /// The same, with what rules on trial would have had to say.
  package func ruling(on question: CallQuestion) -> Ruling {
    guard let current = current() else { return Ruling(.deny(Denial(.lockdown))) }
    let ruling = current.snapshot.ruling(on: question, mode: current.mode)
    if let shadow = current.shadow {
      compare("call", question.tool.name, Outcome(ruling.decision)) { Outcome(shadow.decideCall(question, mode: current.mode)) }
    }
    return ruling
  }

  /// Whether `approver` may let this call through this gate. Ask at the vote and again when the call is about to run.
  ///
  /// - Parameters:
  ///   - question: the call that waits, with the time of the vote.
  ///   - approver: as in `Sender.id`. All ids of one person are that person, so nobody approves their own call by another account.
  package func mayApprove(_ question: CallQuestion, approver: String, gate: Gate) -> Verdict {
    guard let current = current() else { return .deny(Denial(.lockdown)) }
    let verdict = current.snapshot.mayApprove(question, approver: approver, gate: gate, mode: current.mode)
    if let shadow = current.shadow {
      compare("approve", question.tool.name, Outcome(verdict)) {
        Outcome(shadow.mayApprove(question, approver: approver, gate: gate, mode: current.mode))
      }
    }
    return verdict
  }

  /// Whether `approver` may say what came of this call, which passed this gate. As `mayApprove`; but to say so writes nothing, so that
  /// it may be said while tools that write are denied.
  package func maySettle(_ question: CallQuestion, approver: String, gate: Gate) -> Verdict {
    guard let current = current() else { return .deny(Denial(.lockdown)) }
    return current.snapshot.maySettle(question, approver: approver, gate: gate, mode: current.mode)
  }

  /// Whether enough enrolled people other than the requester could pass the gate, so that asking makes sense at all.
  ///
  /// - Parameter isReachable: whether this person would learn of the request where a word on it counts.
  package func canAnyoneApprove(
    _ question: CallQuestion, gate: Gate, where isReachable: (Person) -> Bool = { _ in true }
  ) -> Bool {
    guard let current = current() else { return false }
    return current.snapshot.canAnyoneApprove(question, gate: gate, mode: current.mode, where: isReachable)
  }

  /// Whether somebody known by this id could be asked to approve anything, by roles alone.
  package func isApprover(_ id: String) -> Bool {
    guard let snapshot else { return false }
    let subject = snapshot.subject(id)
    guard subject.person != nil else { return false }
    return snapshot.gates.all.contains { !Set($0.approvers).isDisjoint(with: subject.roles) }
  }

  /// Whether a skill may use a capability during a call.
  package func mayUse(_ question: UseQuestion) -> Verdict {
    guard let current = current() else { return .deny(Denial(.lockdown)) }
    let verdict = current.snapshot.mayUse(question, mode: current.mode)
    if let shadow = current.shadow {
      compare("use", question.capability, Outcome(verdict)) { Outcome(shadow.mayUse(question, mode: current.mode)) }
    }
    return verdict
  }

  /// Who this id is, and what roles it holds; nobody as long as there are no rules.
  package func subject(_ id: String) -> Subject {
    snapshot?.subject(id) ?? Subject(id: id, person: nil, roles: [])
  }

  private func compare(_ verb: String, _ subject: String, _ live: Outcome, _ shadow: () -> Outcome) {
    let shadow = shadow()
    guard shadow.description != live.description else { return }
    onShadowDifference(ShadowDifference(verb: verb, subject: subject, live: live, shadow: shadow))
  }
}
