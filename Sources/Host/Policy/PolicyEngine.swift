import Synchronization

/// Holds the rules in force and answers questions by them. Every answer is given by one snapshot from start to end.
package final class PolicyEngine: Sendable {
  private struct State {
    var snapshot: PolicySnapshot?
    var mode: Mode
    var lastError: PolicyError?
  }

  private let state: Mutex<State>

  /// An engine without rules denies everything as in lockdown.
  package init(snapshot: PolicySnapshot? = nil, mode: Mode = .normal) {
    state = Mutex(State(snapshot: snapshot, mode: mode))
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
      state.withLock {
        $0.snapshot = snapshot
        $0.lastError = nil
      }
      return snapshot
    } catch {
      state.withLock { $0.lastError = error }
      throw error
    }
  }

  /// The rules in force; nil when there never were any.
  package var snapshot: PolicySnapshot? { state.withLock(\.snapshot) }

  /// Why the last reload was refused; nil when it was not.
  package var lastError: PolicyError? { state.withLock(\.lastError) }

  /// The mode that decisions are made in: lockdown as long as there are no rules.
  package var mode: Mode { state.withLock { $0.snapshot == nil ? .lockdown : $0.mode } }

  /// - Returns: whether it was another before.
  @discardableResult
  package func setMode(_ mode: Mode) -> Bool {
    state.withLock { state in
      defer { state.mode = mode }
      return state.mode != mode
    }
  }

  private func current() -> (snapshot: PolicySnapshot, mode: Mode)? {
    state.withLock { state in state.snapshot.map { ($0, state.mode) } }
  }
}

// MARK: - Questions

extension PolicyEngine {
  /// Whether a call may run now, after approval, or not.
  package func decideCall(_ question: CallQuestion) -> CallDecision {
    guard let (snapshot, mode) = current() else { return .deny(Denial(.lockdown)) }
    return snapshot.decideCall(question, mode: mode)
  }

  /// Whether `approver` may let this call through this gate. Ask at the vote and again when the call is about to run.
  ///
  /// - Parameters:
  ///   - question: the call that waits, with the time of the vote.
  ///   - approver: as in `Sender.id`. All ids of one person are that person, so nobody approves their own call by another account.
  package func mayApprove(_ question: CallQuestion, approver: String, gate: Gate) -> Verdict {
    guard let (snapshot, mode) = current() else { return .deny(Denial(.lockdown)) }
    return snapshot.mayApprove(question, approver: approver, gate: gate, mode: mode)
  }

  /// Whether enough enrolled people other than the requester could pass the gate, so that asking makes sense at all.
  package func canAnyoneApprove(_ question: CallQuestion, gate: Gate) -> Bool {
    guard let (snapshot, mode) = current() else { return false }
    return snapshot.canAnyoneApprove(question, gate: gate, mode: mode)
  }

  /// Whether a skill may use a capability during a call.
  package func mayUse(_ question: UseQuestion) -> Verdict {
    guard let (snapshot, mode) = current() else { return .deny(Denial(.lockdown)) }
    return snapshot.mayUse(question, mode: mode)
  }

  /// Who this id is, and what roles it holds; nobody as long as there are no rules.
  package func subject(_ id: String) -> Subject {
    snapshot?.subject(id) ?? Subject(id: id, person: nil, roles: [])
  }
}
