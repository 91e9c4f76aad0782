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
    var isDraining = false
    var isFailing = false
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
    while let group = nextGroup() { note(commit(group, in: connection)) }
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

  /// Returns why the commit failed, if it did.
  private func commit(_ group: ArraySlice<WriteJob>, in connection: any WriterConnection) -> StoreError? {
    var completions: [(StoreError?) -> Void] = []
    var failure: StoreError?
    do {
      let now = try connection.begin()
      for job in group {
        completions.append(job.run(connection, now))
        // A database rolls the whole transaction back by itself when its disk is full or fails.
        guard connection.isInsideTransaction else {
          throw StoreError(.cannotCommit, "the disk is full or failing; the transaction was rolled back")
        }
      }
      try connection.commit()
    } catch {
      failure = StoreError(.cannotCommit, (error as? StoreError)?.message ?? "\(error)")
      if connection.isInsideTransaction { connection.rollback() }
    }
    for complete in completions { complete(failure) }
    if let failure {
      for job in group.dropFirst(completions.count) { job.refuse(failure) }
    }
    return failure
  }
}
