import Audit
import Core
import Logging
import ServiceLifecycle
import Skills
import Storage

/// Puts what happens to skills, and what is decided about them, into the audit log.
struct SkillWitness: Service {
  /// More events than this can only wait when the store stands still.
  private static let mostWaiting = 10_000

  private let store: Store
  private let audit: AuditTrail
  private let logger: Logger
  private let events: AsyncStream<SkillEvent>
  private let continuation: AsyncStream<SkillEvent>.Continuation

  init(store: Store, audit: AuditTrail, logger: Logger) {
    self.store = store
    self.audit = audit
    self.logger = logger
    (events, continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingOldest(Self.mostWaiting))
  }

  /// Has one event written soon.
  @Sendable func take(_ event: SkillEvent) {
    guard case .dropped = continuation.yield(event) else { return }
    logger.error("an audit record is lost", metadata: ["kind": .string(event.kind.rawValue)])
  }

  /// Writes until shutdown has begun and nothing waits any more.
  func run() async throws {
    await withGracefulShutdownHandler {
      for await event in events {
        do {
          try await store.write { [audit] in try audit.append(AuditRecord(event), in: $0) }
        } catch {
          logger.error("an audit record could not be written", metadata: ["error": "\(error)"])
        }
      }
    } onGracefulShutdown: {
      continuation.finish()
    }
  }
}

extension AuditRecord {
  init(_ event: SkillEvent) {
    let kind: Kind =
      switch event.kind {
      case .loaded: .skillLoaded
      case .refused: .skillRefused
      case .removed: .skillRemoved
      case .quarantined: .skillQuarantined
      case .disabled: .skillDisabled
      case .enabled: .skillEnabled
      case .granted: .skillGranted
      case .revoked: .skillRevoked
      case .rolledBack: .skillRolledBack
      case .rollbackUndone: .skillRollbackUndone
      case .keyTrusted: .skillKeyTrusted
      case .keyDistrusted: .skillKeyDistrusted
      case .decisionsRefused: .skillDecisionsRefused
      }
    var details: [String: JSON] = [:]
    for (key, value) in [("version", event.version), ("file", event.file), ("subject", event.subject)] {
      details[key] = value.map { .string($0) }
    }
    self.init(kind, skill: event.skill, build: event.build, reason: event.reason, details: details)
  }
}
