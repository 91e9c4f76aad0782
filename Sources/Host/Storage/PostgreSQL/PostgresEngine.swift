import Core
import Foundation
import Synchronization

/// A PostgreSQL database that several instances may share: one session that writes groups, a few that read, one that listens.
final class PostgresEngine: StoreEngine {
  private static let readerCount = 4

  private let queue: GroupCommit
  private let writer: PostgresThreads<PostgresWriter>
  private let readers: PostgresThreads<PostgresReader>
  private let listener: PostgresListener
  let pendingEvents: Int

  /// Connects, and prepares the database when it is new. Blocks meanwhile, for a bounded time.
  ///
  /// - Parameters:
  ///   - clock: tests hand in one of their own; nil is the server's, which is the same for all instances.
  ///   - onChange: told when commits begin to fail, with the reason, and when they work again, with nil.
  ///   - onRemoteChange: told when another instance may have written something.
  init(
    _ address: PostgresAddress, clock: WallClock? = nil, onChange: @escaping @Sendable (StoreError?) -> Void,
    onRemoteChange: @escaping @Sendable () -> Void
  ) throws(StoreError) {
    let opened = try Self.open(address)
    let place = PostgresPlace(schema: opened.schema)
    pendingEvents = opened.pendingEvents
    let isFailing = Mutex(false)
    let queue = GroupCommit(onChange: { failure in
      isFailing.withLock { $0 = failure != nil }
      onChange(failure)
    })
    let writer = PostgresThreads(1, named: "store-writer") { PostgresWriter(address, place: place, clock: clock) }
    self.queue = queue
    self.writer = writer
    readers = PostgresThreads(Self.readerCount, named: "store-reader") { PostgresReader(address, clock: clock) }
    listener = PostgresListener(
      address, place: place, onRemoteChange: onRemoteChange,
      onTick: {
        // Nobody may be writing: that the server is back is found out all the same.
        if isFailing.withLock(\.self) { _ = writer.submit { queue.probe(in: $0) } }
      })
    listener.start()
  }

  deinit {
    listener.close()
    readers.close()
    writer.close()
  }

  var isShared: Bool { true }

  func submit(_ job: WriteJob) {
    guard queue.submit(job) else { return }
    guard writer.submit({ [queue] in queue.drain(in: $0) }) else {
      queue.refuseAll(StoreError(.cannotCommit, "the store was closed"))
      return
    }
  }

  func read<Value: Sendable>(
    _ body: @escaping @Sendable (any SQLConnection, Timestamp) throws -> Value
  ) async throws -> Value {
    try await withCheckedThrowingContinuation { continuation in
      let isTaken = readers.submit { reader in continuation.resume(with: Result { try reader.read(body) }) }
      if !isTaken { continuation.resume(throwing: StoreError(.failed, "the store was closed")) }
    }
  }

  /// A server looks after its files itself, with checksums where the operator turned them on.
  func damage() async throws -> String? { nil }

  func close() throws {
    listener.close()
    readers.close()
    writer.close()
    readers.join()
    writer.join()
    queue.refuseAll(StoreError(.cannotCommit, "the store was closed"))
  }

  /// Prepares the database on a thread of its own.
  private static func open(_ address: PostgresAddress) throws(StoreError) -> PostgresSchema.Opened {
    let result = Mutex<Result<PostgresSchema.Opened, StoreError>?>(nil)
    let done = DispatchSemaphore(value: 0)
    let thread = Thread {
      let opened = Result { () throws(StoreError) in try PostgresSchema.open(address) }
      result.withLock { $0 = opened }
      done.signal()
    }
    thread.name = "store-opening"
    thread.start()
    done.wait()
    guard let opened = result.withLock(\.self) else { throw StoreError(.cannotOpen, "cannot open \(address)") }
    return try opened.get()
  }
}
