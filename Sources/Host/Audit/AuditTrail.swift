import Core
import Crypto
package import Foundation
package import Storage

/// Appends records to the hash chain, inside the transaction whose change they witness.
///
/// A head is canonical JSON and names the hash of the head before it; its own hash is `SHA-256(0x00 ‖ head)`, the leaf hash of
/// RFC 6962. Identities and chats enter a head only as keyed references, arguments only as a digest. The readable
/// rest is the body: stored apart, bound by `SHA-256(salt ‖ body)`, and free to be deleted while the chain still verifies.
package struct AuditTrail: Sendable {
  /// `prev` of the first head.
  static let origin = Data(count: 32)

  private let key: SymmetricKey
  private var onAppend: @Sendable (_ isPossible: Bool) -> Void = { _ in }

  /// - Parameter key: this installation's secret for references, 32 bytes.
  package init(key: Data) {
    self.key = SymmetricKey(data: key)
  }

  /// The same log, which tells of each record whether it could be written, on the writer's thread.
  package func telling(_ onAppend: @escaping @Sendable (_ isPossible: Bool) -> Void) -> AuditTrail {
    var trail = self
    trail.onAppend = onAppend
    return trail
  }

  /// Appends one record. If this throws, the transaction must not commit: what cannot be witnessed does not happen.
  package func append(_ record: AuditRecord, in transaction: Transaction) throws {
    let last = try transaction.lastAuditHash()
    let sequence = (last?.sequence ?? 0) + 1
    let body = JSON.object(bodyMembers(of: record)).canonical
    var generator = SystemRandomNumberGenerator()
    let salt = Data((0..<16).map { _ in UInt8.random(in: 0...255, using: &generator) })
    var head = headMembers(of: record)
    head["v"] = 1
    head["seq"] = .integer(sequence)
    head["ts"] = .integer(transaction.now.milliseconds)
    head["boot"] = .string(transaction.boot)
    head["body_commit"] = .string(Self.commitment(salt: salt, body: body).hexadecimal)
    head["prev"] = .string((last?.hash ?? Self.origin).hexadecimal)
    let text = JSON.object(head).canonical
    do {
      try transaction.appendAudit(sequence: sequence, head: text, hash: Self.hash(ofHead: text), salt: salt, body: body)
    } catch {
      onAppend(false)
      throw error
    }
    onAppend(true)
  }

  private func headMembers(of record: AuditRecord) -> [String: JSON] {
    var members: [String: JSON] = ["kind": .string(record.kind.rawValue)]
    members["request"] = record.requestID.map { .string($0.description) }
    members["actor_ref"] = record.actor.map { .string(reference(to: $0)) }
    members["subject_ref"] = record.subject.map { .string(reference(to: $0)) }
    members["scene_ref"] = record.scene.map { .string(reference(to: $0.description)) }
    members["tool"] = record.tool.map { .string($0.name) }
    members["skill"] = (record.tool?.skill ?? record.skill).map { .string($0) }
    members["skill_hash"] = (record.tool?.build ?? record.build).map { .string($0) }
    members["effect"] = record.tool.map { .string($0.effect.rawValue) }
    members["args_digest"] = record.arguments.map { .string(SHA256.hash(data: $0.canonicalBytes).hexadecimal) }
    members["call"] = record.call.map { .integer($0) }
    members["outcome"] = record.outcome.map { .string($0) }
    members["reason"] = record.reason.map { .string($0) }
    if !record.rules.isEmpty { members["rules"] = .array(record.rules.map { .string($0) }) }
    return members
  }

  private func bodyMembers(of record: AuditRecord) -> [String: JSON] {
    var members = record.details
    if record.kind == .personErased { return members }
    members["actor"] = record.actor.map { .string($0) }
    members["subject"] = record.subject.map { .string($0) }
    members["scene"] = record.scene.map { .string($0.description) }
    members["arguments"] = record.arguments
    return members
  }

  /// The same id gives the same reference, and nobody without the key can tell which id it was.
  package func reference(to id: String) -> String {
    HMAC<SHA256>.authenticationCode(for: Data(id.utf8), using: key).prefix(16).hexadecimal
  }

  static func hash(ofHead head: String) -> Data {
    Data(SHA256.hash(data: Data([0]) + Data(head.utf8)))
  }

  static func commitment(salt: Data, body: String) -> Data {
    Data(SHA256.hash(data: salt + Data(body.utf8)))
  }
}
