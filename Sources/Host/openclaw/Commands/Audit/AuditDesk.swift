import ArgumentParser
import Audit
import Foundation

/// What the verbs that write into the audit log, or look into it, have in common.
enum AuditDesk {
  /// The file of the seed that checkpoints are signed with, in the data folder's `keys/`.
  static let checkpointKey = "checkpoint"

  /// The audit log that the service writes to as well.
  static func trail(of configuration: Configuration) throws(CommandFailure) -> AuditTrail {
    guard let key = DataFolder.existingKey("audit", in: configuration.data) else {
      throw CommandFailure(
        .unavailable, code: "no_audit_key", "\(configuration.data)/keys/audit is missing or damaged; restore it from a backup")
    }
    return AuditTrail(key: key)
  }

  /// The key of this installation's checkpoints, from its data folder; nil when there is none yet.
  static func verifier(of configuration: Configuration) -> CheckpointVerifier? {
    DataFolder.existingKey(checkpointKey, in: configuration.data).flatMap { try? CheckpointSigner(seed: $0).verifier }
  }

  /// Writes a new file for its owner alone; what is there already is never overwritten.
  static func create(_ path: String) throws(CommandFailure) -> FileHandle {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else {
      throw CommandFailure(.cannotWrite, code: "cannot_write", "cannot create \(path): \(String(cString: strerror(errno)))")
    }
    return FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
  }
}

/// `--key`, for verbs that check signatures.
struct CheckpointKeyOption: ParsableArguments {
  @Option(
    name: .customLong("key"),
    help: ArgumentHelp(
      "The log's public key, as `verify` prints it; kept elsewhere, it shows also what somebody did who can write the database.",
      valueName: "name+id+key"))
  var text: String?

  func validate() throws {
    guard let text, CheckpointVerifier(text) == nil else { return }
    throw ValidationError("--key takes a key as openclaw audit verify prints it.")
  }

  var verifier: CheckpointVerifier? { text.flatMap { CheckpointVerifier($0) } }
}
