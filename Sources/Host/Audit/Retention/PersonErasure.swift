import Core
package import Storage

/// Empties what the service keeps of one person, in small steps: what was written and answered, arguments of calls, bodies of audit
/// records. Heads stay and verify; the references in them lead nowhere any more.
package struct PersonErasure: Sendable {
  /// What was emptied.
  package struct Summary: Sendable, Equatable {
    package var texts = 0
    package var calls = 0
    package var bodies = 0
  }

  private static let step = 500

  private let store: Store
  private let audit: AuditTrail

  package init(store: Store, audit: AuditTrail) {
    self.store = store
    self.audit = audit
  }

  /// Safe to repeat: what an interrupted run left is taken up from the start.
  ///
  /// - Parameters:
  ///   - name: the person's name, or the id alone.
  ///   - ids: all ids of that person, as in `Sender.id`.
  package func erase(_ name: String, ids: [String]) async throws -> Summary {
    try await witness(name, outcome: "begun")
    var summary = Summary()
    var calls: Set<Int64> = []
    for id in ids {
      summary.texts += try await steps { try $0.eraseTexts(of: id, after: &$1, limit: Self.step) }
      calls.formUnion(try await store.write { try $0.eraseCalls(of: id) })
    }
    summary.calls = calls.count
    let references = Set((ids + [name]).map(audit.reference))
    let concerned = calls
    summary.bodies = try await steps { transaction, mark in
      try transaction.eraseAuditBodies(after: &mark, limit: Self.step) { head in
        guard head["kind"]?.string != AuditRecord.Kind.personErased.rawValue else { return false }
        return [head["actor_ref"], head["subject_ref"]].contains { $0?.string.map(references.contains) == true }
          || head["call"]?.integer.map(concerned.contains) == true
      }
    }
    try await witness(name, outcome: "done")
    return summary
  }

  private func steps(
    _ step: @escaping @Sendable (Transaction, inout Transaction.ErasureMark) throws -> (erased: Int, more: Bool)
  ) async throws -> Int {
    var (erased, mark, more) = (0, Transaction.ErasureMark(), true)
    while more {
      let start = mark
      let done = try await store.write { transaction in
        var mark = start
        let (erased, more) = try step(transaction, &mark)
        return (erased: erased, more: more, mark: mark)
      }
      erased += done.erased
      (mark, more) = (done.mark, done.more)
    }
    return erased
  }

  private func witness(_ name: String, outcome: String) async throws {
    let record = AuditRecord(.personErased, subject: name, outcome: outcome, reason: "by_operator")
    try await store.write { [audit] in try audit.append(record, in: $0) }
  }
}
