import Foundation
import Synchronization

/// Knows what must be answered, and judges everything that is said: answered once, in order within a chat, within the window and the
/// number of replies that the platform grants.
final class ReplyBook: Sendable {
  /// One message of a person, and the one answer to it.
  struct Entry: Sendable {
    let id: String
    /// Where the answer must be posted, which is also the chat.
    let path: String
    /// Nil: any words.
    let answer: String?
  }

  enum Verdict: Equatable {
    case shown
    /// This (message, sequence) was shown before.
    case repeated
    /// The platform would refuse it.
    case refused
  }

  private struct Open {
    let entry: Entry
    let offeredAt: ContinuousClock.Instant
    let place: Int
  }

  private struct State {
    var open: [String: Open] = [:]
    var offered: [String: Int] = [:]
    var answered: [String: Int] = [:]
    var shown: [String: (sequence: Int64, text: String)] = [:]
    var violations: [String] = []
    var repeats = 0
    var waiters: [UUID: (limit: Int, continuation: CheckedContinuation<Void, Never>)] = [:]
    var readers: [UUID: (id: String, continuation: CheckedContinuation<String?, Never>)] = [:]
  }

  private let state = Mutex(State())

  /// Passive replies to one message: time, and number in groups and in private.
  private static let window = Duration.seconds(300)

  /// What was said wrong so far.
  var violations: [String] { state.withLock(\.violations) }
  var answers: Int { state.withLock { $0.answered.values.reduce(0, +) } }
  var open: [String] { state.withLock { Array($0.open.keys) } }
  /// Resends that the platform recognised.
  var repeats: Int { state.withLock(\.repeats) }

  /// From now on `entry` may be answered, after everything that was offered in its chat before.
  func offer(_ entry: Entry) {
    state.withLock { state in
      let place = state.offered[entry.path, default: 0]
      state.offered[entry.path] = place + 1
      state.open[entry.id] = Open(entry: entry, offeredAt: .now, place: place)
    }
  }

  /// Judges a message that the service posts. `takesEffect`: whether it reaches the people.
  func judge(path: String, messageID: String, sequence: Int64, text: String) -> Verdict {
    state.withLock { state in
      if let known = state.shown[messageID] {
        state.repeats += 1
        if known.sequence == sequence { return .repeated }
        state.violations.append("\(messageID) was answered again under number \(sequence)")
        return .shown
      }
      guard let open = state.open[messageID] else {
        state.violations.append("\(messageID) was answered, and nobody said it")
        return .refused
      }
      if open.entry.path != path { state.violations.append("\(messageID) was answered at \(path)") }
      if let answer = open.entry.answer, answer != text { state.violations.append("\(messageID) was answered with other words") }
      if ContinuousClock.now - open.offeredAt > Self.window { state.violations.append("\(messageID) was answered too late") }
      let next = state.answered[path, default: 0]
      if open.place != next { state.violations.append("\(messageID) is number \(open.place) of its chat, answered as \(next)") }
      state.answered[path] = next + 1
      state.open[messageID] = nil
      state.shown[messageID] = (sequence, text)
      let due = state.waiters.filter { state.open.count <= $0.value.limit }
      for waiter in due { state.waiters.removeValue(forKey: waiter.key)?.continuation.resume() }
      for reader in state.readers where reader.value.id == messageID {
        state.readers.removeValue(forKey: reader.key)?.continuation.resume(returning: text)
      }
      return .shown
    }
  }

  func note(violation: String) {
    state.withLock { $0.violations.append(violation) }
  }

  /// Returns once at most `limit` messages wait for their answer. Throws when the test is cancelled, as at its time limit.
  func waitUntilOpen(atMost limit: Int) async throws {
    let waiter = UUID()
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let isFine = state.withLock { state in
          if state.open.count <= limit || Task.isCancelled { return true }
          state.waiters[waiter] = (limit, continuation)
          return false
        }
        if isFine { continuation.resume() }
      }
    } onCancel: {
      state.withLock { $0.waiters.removeValue(forKey: waiter) }?.continuation.resume()
    }
    try Task.checkCancellation()
  }

  /// What was answered to this message, as soon as it was. Throws when the test is cancelled.
  func words(to id: String) async throws -> String {
    let reader = UUID()
    let words: String? = await withTaskCancellationHandler {
      await withCheckedContinuation { (continuation: CheckedContinuation<String?, Never>) in
        state.withLock { state in
          if let shown = state.shown[id] { return continuation.resume(returning: shown.text) }
          if Task.isCancelled { return continuation.resume(returning: nil) }
          state.readers[reader] = (id, continuation)
        }
      }
    } onCancel: {
      state.withLock { $0.readers.removeValue(forKey: reader) }?.continuation.resume(returning: nil)
    }
    guard let words else { throw CancellationError() }
    return words
  }
}
