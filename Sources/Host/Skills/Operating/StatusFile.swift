import Core
import Logging
import Synchronization

/// Writes `status.json` when something may have changed: on a thread of its own, many requests at once as one, and only what is new.
final class StatusFile: Sendable {
  private struct State: Sendable {
    var isRequested = false
    var last: JSON?
  }

  private let path: String
  private let thread: SerialThread
  private let logger: Logger
  private let state = Mutex(State())

  init(path: String, thread: SerialThread, logger: Logger) {
    self.path = path
    self.thread = thread
    self.logger = logger
  }

  /// Has what `report` returns written soon. Returns at once.
  func request(_ report: @escaping @Sendable () -> SkillReport?) {
    let isFirst = state.withLock { state in
      defer { state.isRequested = true }
      return !state.isRequested
    }
    guard isFirst else { return }
    thread.enqueue {
      self.state.withLock { $0.isRequested = false }
      if let report = report() { self.write(report) }
    }
  }

  private func write(_ report: SkillReport) {
    let json = report.json
    var content = json.object ?? [:]
    content["time"] = nil
    let isNew = state.withLock { state in
      defer { state.last = .object(content) }
      return state.last != .object(content)
    }
    guard isNew else { return }
    do throws(SmallFileError) {
      try SmallFile.replace(path, with: json.canonicalBytes, isDurable: false)
    } catch {
      state.withLock { $0.last = nil }
      logger.warning("skill_status_not_written", metadata: ["path": .string(path), "reason": .string(error.reason)])
    }
  }
}
