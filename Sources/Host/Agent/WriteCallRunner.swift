package import Approvals
package import Core
package import Logging
import ServiceLifecycle
package import Storage
import Synchronization

/// Runs write calls that were approved, once each: the claim is on disk before the tool starts. Also ends what expired.
package final class WriteCallRunner: Service {
  /// Calls that run at once.
  package struct Limits: Sendable {
    let all: Int
    let perTool: Int

    /// - Parameter perTool: of them, those of one tool.
    package init(all: Int, perTool: Int) {
      self.all = all
      self.perTool = perTool
    }
  }

  private let store: Store
  private let approvals: Approvals
  private let toolbox: any Toolbox
  private let wakeup: Wakeup
  private let onCommit: @Sendable () -> Void
  private let log: ToolCallLog
  private let logger: Logger
  private let executor: (any TaskExecutor)?
  private let limits: Limits
  /// By tool.
  private let inFlight = Mutex<[String: Int]>([:])

  /// - Parameters:
  ///   - wakeup: signalled after each commit that may have approved a call.
  ///   - onCommit: told after each commit that put a message into the outbox.
  ///   - executor: where the calls are made; one whose threads calls of tools may block saves them the way there.
  package init(
    store: Store, approvals: Approvals, toolbox: any Toolbox, limits: Limits = Limits(all: 8, perTool: 8), wakeup: Wakeup,
    onCommit: @escaping @Sendable () -> Void,
    log: ToolCallLog, logger: Logger, executor: (any TaskExecutor)? = nil
  ) {
    self.store = store
    self.approvals = approvals
    self.toolbox = toolbox
    self.limits = limits
    self.wakeup = wakeup
    self.onCommit = onCommit
    self.log = log
    self.logger = logger
    self.executor = executor
  }

  /// Runs until graceful shutdown; calls in flight are finished.
  package func run() async throws {
    try await takeOver()
    await withGracefulShutdownHandler {
      await withDiscardingTaskGroup { group in
        while !Task.isCancelled && !Task.isShuttingDownGracefully {
          guard let claim = await nextClaim() else {
            await wakeup.wait(atMost: await idleTime())
            continue
          }
          inFlight.withLock { $0[claim.record.tool, default: 0] += 1 }
          group.addTask(executorPreference: executor) {
            await self.perform(claim)
            self.inFlight.withLock { $0[claim.record.tool, default: 1] -= 1 }
            self.wakeup.signal()
          }
        }
      }
    } onGracefulShutdown: {
      self.wakeup.signal()
    }
  }

  /// Settles what dead runs of the service had claimed.
  package func takeOver() async throws {
    let approvals = approvals
    let lost = try await store.write { try approvals.settleInterrupted(in: $0) }
    if lost > 0 { logger.warning("write calls were interrupted; their outcome is unknown", metadata: ["count": "\(lost)"]) }
    onCommit()
  }

  func nextClaim() async -> Approvals.Claim? {
    let approvals = approvals
    let (limits, inFlight) = (limits, inFlight.withLock { $0.filter { $0.value > 0 } })
    let hasRoom = inFlight.values.reduce(0, +) < limits.all
    let busy = Set(inFlight.filter { $0.value >= limits.perTool }.keys)
    do {
      // Woken after every commit, and most concern no write call: a look costs the writer nothing.
      guard try await store.read({ try $0.hasDueWriteCalls() }) else { return nil }
      let (claim, ended) = try await store.write { transaction in
        let ended = try approvals.expire(in: transaction)
        guard hasRoom else { return (Approvals.Claim?.none, ended) }
        let (claim, changed) = try approvals.claim(except: busy, in: transaction)
        return (claim, ended + changed)
      }
      // Only when there is something to tell: `onCommit` may wake this very loop.
      if ended > 0 { onCommit() }
      return claim
    } catch {
      logger.error("write calls could not be read", metadata: ["error": "\(error)"])
      await store.pauseAfterFailure()
      return nil
    }
  }

  private func idleTime() async -> Duration {
    let approvals = approvals
    return await store.idleTime(atMost: .seconds(30)) { try approvals.nextDeadline(in: $0) }
  }

  private func perform(_ claim: Approvals.Claim) async {
    let start = ContinuousClock.now
    let result: Result<String, ToolError>
    do throws(ToolError) {
      result = .success(ToolResultText.text(of: try await toolbox.call(claim.call)))
    } catch {
      result = .failure(error)
    }
    var status = "ok"
    if case .failure(let error) = result { status = error.code.rawValue }
    log.record(
      claim.call, decision: "allow", approval: claim.record.code, duration: ContinuousClock.now - start, status: status)
    let approvals = approvals
    do {
      try await store.writeWhenPossible { try approvals.finish(claim, with: result, in: $0) }
      onCommit()
    } catch {
      // Only at the end of the process. Claimed without a result: the next start marks it unknown and tells people. Never repeated.
      logger.error(
        "the outcome of a write call could not be recorded",
        metadata: ["request_id": "\(claim.record.requestID)", "code": "\(claim.record.code)", "error": "\(error)"])
    }
  }
}
