import ArgumentParser
import Audit
import Skills
import Storage

/// What the process says with its exit code.
enum ExitStatus: Int32, Sendable {
  case fine = 0
  /// The thing asked about is not so.
  case notSo = 1
  case wrongUsage = 64
  case unavailable = 69
  case bug = 70
  case cannotWrite = 73
  case badConfiguration = 78

  var exitCode: ExitCode { ExitCode(rawValue) }
}

/// Why a verb could not do what it was asked for, in the words for the person at the terminal.
struct CommandFailure: Error, Equatable {
  let status: ExitStatus
  /// For `--json`: stays the same when the message is reworded.
  let code: String
  let message: String

  init(_ status: ExitStatus, code: String, _ message: String) {
    self.status = status
    self.code = code
    self.message = message
  }

  /// Nil when `error` is none of the errors that verbs are expected to end with.
  init?(_ error: any Error) {
    switch error {
    case let failure as CommandFailure: self = failure
    case let error as ConfigurationError:
      self.init(.badConfiguration, code: "bad_configuration", "bad configuration:\n\(error)")
    case let error as ProvenanceError: self.init(Self.status(of: error), code: error.code.rawValue, error.message)
    case let error as AuditError: self.init(.notSo, code: "audit_not_so", error.message)
    case let error as StoreError: self.init(.unavailable, code: error.code.rawValue, error.message)
    case let error as BackupError:
      let status: ExitStatus =
        switch error.code {
        case .unreadable: .unavailable
        case .cannotWrite: .cannotWrite
        case .damaged: .notSo
        }
      self.init(status, code: error.code.rawValue, error.message)
    case let error as SkillDecisionsError:
      let status: ExitStatus =
        switch error.code {
        case .unreadable: .unavailable
        case .malformed: .badConfiguration
        case .notWritable: .cannotWrite
        }
      self.init(status, code: error.code.rawValue, error.description)
    default: return nil
    }
  }

  private static func status(of error: ProvenanceError) -> ExitStatus {
    switch error.code {
    case .unreadable: .unavailable
    case .notWritable, .exists: .cannotWrite
    case .notAKey: .wrongUsage
    case .notASkill: .notSo
    }
  }
}
