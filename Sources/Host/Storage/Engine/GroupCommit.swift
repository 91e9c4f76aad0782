import Core
import Synchronization

/// The queue of the one writer: jobs that arrive while one commit is syncing ride together in the next.
///
/// No timer collects them: the sync itself is the window, so a lone job waits for nobody and a burst costs one sync per group.
final class GroupCommit: Sendable {
  /// Jobs in one transaction at most: bounds how long the first of them waits.
  private static let largestGroup = 256

  private struct State {
    var waiting: [WriteJob] = []
    /// Groups whose commit got no answer. Their callers are told nothing until the database says what became of them.
    var undecided: [UndecidedGroup] = []
    var isDraining = false
    var isFailing = false
  }

  private struct UndecidedGroup: Sendable {
    let commit: UndecidedCommit
    let completions: [@Sendable (StoreError?) -> Void]

    func complete(_ failure: StoreError?) {
      for complete in completions { complete(failure) }
    }
  }

  private let onChange: @Sendable (StoreError?) -> Void
  private let state = Mutex(State())

  /// - Parameter onChange: told when commits begin to fail, with the reason, and when they work again, with nil.
  init(onChange: @escaping @Sendable (StoreError?) -> Void) {
    self.onChange = onChange
  }

  /// Queues the job. True when nobody drains the queue: the caller must see that `drain` is called.
  func submit(_ job: WriteJob) -> Bool {
    state.withLock { state in
      state.waiting.append(job)
      defer { state.isDraining = true }
      return !state.isDraining
    }
  }

  /// Writes group after group until nothing waits. Call on the writer's thread.
  func drain(in connection: any WriterConnection) {
    settle(in: connection)
    while let group = nextGroup() { note(commit(group, in: connection)) }
  }

  /// Finds out whether commits work again, when nobody writes. Call on the writer's thread.
  func probe(in connection: any WriterConnection) {
    settle(in: connection)
    note(commit([], in: connection))
  }

  /// Tells everybody who waits that nothing will be written any more.
  func refuseAll(_ failure: StoreError) {
    let (waiting, undecided) = state.withLock { state in
      defer {
        state.waiting = []
        state.undecided = []
        state.isDraining = false
      }
      return (state.waiting, state.undecided)
    }
    for job in waiting { job.refuse(failure) }
    for group in undecided { group.complete(failure) }
  }

  private func nextGroup() -> ArraySlice<WriteJob>? {
    state.withLock { state in
      guard !state.waiting.isEmpty else {
        state.isDraining = false
        return nil
      }
      let group = state.waiting.prefix(Self.largestGroup)
      state.waiting.removeFirst(group.count)
      return group
    }
  }

  private func note(_ failure: StoreError?) {
    let hasChanged = state.withLock { state in
      defer { state.isFailing = failure != nil }
      return state.isFailing != (failure != nil)
    }
    if hasChanged { onChange(failure) }
  }

  /// Asks what became of the commits that got no answer, and tells their callers.
  private func settle(in connection: any WriterConnection) {
    while let group = state.withLock({ $0.undecided.first }) {
      do {
        let hasCommitted = try connection.hasCommitted(group.commit)
        state.withLock { _ = $0.undecided.removeFirst() }
        group.complete(hasCommitted ? nil : StoreError(.cannotCommit, group.commit.reason))
      } catch {
        // The database is not back yet; the next job or probe asks again.
        return
      }
    }
  }

  /// Returns why the commit failed, if it did.
  private func commit(_ group: ArraySlice<WriteJob>, in connection: any WriterConnection) -> StoreError? {
    var completions: [@Sendable (StoreError?) -> Void] = []
    do {
      let now = try connection.begin()
      for job in group {
        completions.append(try job.run(connection, now))
        if let collapse = connection.collapse { throw collapse }
      }
      try connection.commit()
      for complete in completions { complete(nil) }
      return nil
    } catch let commit as UndecidedCommit {
      state.withLock { $0.undecided.append(UndecidedGroup(commit: commit, completions: completions)) }
      return StoreError(.cannotCommit, commit.reason)
    } catch {
      let failure = StoreError(.cannotCommit, (error as? StoreError)?.message ?? "\(error)")
      connection.rollback()
      for complete in completions { complete(failure) }
      for job in group.dropFirst(completions.count) { job.refuse(failure) }
      return failure
    }
  }
}
