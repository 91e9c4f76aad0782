import GRDB
import Synchronization

/// The only writer: jobs that arrive while one commit is syncing ride together in the next.
///
/// No timer collects them: the sync itself is the window, so a lone job waits for nobody and a burst costs one sync per group.
final class GroupCommit: Sendable {
  /// One caller's part of a group.
  struct Job: Sendable {
    /// Runs inside the group's transaction and returns what to do when its fate is known: nil = committed.
    let run: @Sendable (Database) -> (_ commitError: StoreError?) -> Void
    /// Tells the caller that its turn never came.
    let refuse: @Sendable (StoreError) -> Void
  }

  /// Jobs in one transaction at most: bounds how long the first of them waits.
  private static let largestGroup = 256

  private struct State {
    var waiting: [Job] = []
    var isDraining = false
    var isFailing = false
  }

  private let pool: DatabasePool
  private let onChange: @Sendable (StoreError?) -> Void
  private let state = Mutex(State())

  /// - Parameter onChange: told when commits begin to fail, with the reason, and when they work again, with nil.
  init(pool: DatabasePool, onChange: @escaping @Sendable (StoreError?) -> Void) {
    self.pool = pool
    self.onChange = onChange
  }

  func submit(_ job: Job) {
    let mustStart = state.withLock { state in
      state.waiting.append(job)
      defer { state.isDraining = true }
      return !state.isDraining
    }
    guard mustStart else { return }
    // GRDB runs this on the writer connection's own serial queue, never on the cooperative pool.
    pool.asyncWriteWithoutTransaction { database in
      while let group = self.nextGroup() { self.note(Self.commit(group, in: database)) }
    }
  }

  private func nextGroup() -> ArraySlice<Job>? {
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

  /// Returns why the commit failed, if it did.
  private static func commit(_ group: ArraySlice<Job>, in database: Database) -> StoreError? {
    var completions: [(StoreError?) -> Void] = []
    var failure: StoreError?
    do {
      try database.beginTransaction(.immediate)
      for job in group {
        completions.append(job.run(database))
        // SQLite rolls the whole transaction back by itself when the disk is full or fails.
        guard database.isInsideTransaction else {
          throw StoreError(.cannotCommit, "the disk is full or failing; the transaction was rolled back")
        }
      }
      try database.commit()
    } catch {
      failure = error as? StoreError ?? StoreError(.cannotCommit, Store.reason(error))
      if database.isInsideTransaction { try? database.rollback() }
    }
    for complete in completions { complete(failure) }
    if let failure {
      for job in group.dropFirst(completions.count) { job.refuse(failure) }
    }
    return failure
  }
}
