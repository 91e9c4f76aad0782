import Core
import Crypto
import Foundation
import Storage

/// Follows the log from its first record to its last and stops at the first thing that does not fit. Where the records come from,
/// the store or an exported file, is somebody else's matter.
struct ChainCheck {
  private(set) var report = AuditVerifier.Report()
  /// The tree over everything so far, deleted records included.
  private(set) var tree = CompactRange()
  /// The roots at the sizes that somebody asked for.
  private(set) var roots: [Int64: Data] = [:]
  private let wanted: Set<Int64>
  private let verifier: CheckpointVerifier?
  private var previous = AuditTrail.origin
  /// The digest that the record of the last deletion must name.
  private var unwitnessed: String?

  /// - Parameters:
  ///   - verifier: whose checkpoints count; nil when nobody's are expected.
  ///   - wanted: sizes at which the root is noted.
  init(verifier: CheckpointVerifier?, noting wanted: Set<Int64> = []) {
    self.verifier = verifier
    self.wanted = wanted
    noteRoot()
  }

  var isBroken: Bool { report.defect != nil }

  /// The sequence number of the last record.
  var last: Int64 { tree.size }

  /// Begins behind records that are not there, with what is said of them. Only a checkpoint further on vouches for it.
  mutating func begin(after leaf: Data, tree: CompactRange) {
    previous = leaf
    self.tree = tree
    report.first = tree.size + 1
    report.lastHash = leaf.hexadecimal
    noteRoot()
  }

  /// Takes the next manifest of deleted records: all of them come before the first record.
  mutating func take(manifest text: String, last: Int64) {
    guard !isBroken else { return }
    guard let json = try? JSON(parsing: text), json.canonical == text, let manifest = AuditManifest(json) else {
      return refuse(last, "the manifest is not readable")
    }
    let place = manifest.last
    guard place == last, manifest.first == tree.size + 1, manifest.previous == unwitnessed else {
      return refuse(place, "the manifest does not follow from the one before it")
    }
    guard let checkpoint = verifier?.checkpoint(in: manifest.checkpoint), checkpoint.size == place,
      checkpoint.root == manifest.tree.root
    else { return refuse(place, "the manifest's checkpoint is not signed by the key of this log, or is another's") }
    begin(after: manifest.leaf, tree: manifest.tree)
    report.signed = place
    unwitnessed = manifest.digest
  }

  /// Takes the next record.
  mutating func take(_ row: AuditRow) {
    guard !isBroken else { return }
    if let reason = AuditVerifier.defect(in: row, after: tree.size, previous: previous) { return refuse(row.sequence, reason) }
    if unwitnessed != nil, row.head.contains(AuditRecord.Kind.recordsPruned.rawValue), let head = try? JSON(parsing: row.head),
      head["kind"]?.string == AuditRecord.Kind.recordsPruned.rawValue, head["args_digest"]?.string == unwitnessed
    {
      unwitnessed = nil
    }
    previous = row.hash
    tree.append(row.hash)
    report.heads += 1
    report.bodies += row.body == nil ? 0 : 1
    report.lastHash = row.hash.hexadecimal
    noteRoot()
  }

  /// Takes a checkpoint of as many records as there were so far, or of fewer that are deleted by now.
  mutating func take(_ row: CheckpointRow) {
    guard !isBroken else { return }
    guard row.size <= tree.size else { return refuse(tree.size + 1, "records up to \(row.size) were signed and are missing") }
    guard let verifier else { return refuse(row.size, "there is a checkpoint, and no key to check it with") }
    guard let checkpoint = verifier.checkpoint(in: row.note), checkpoint.size == row.size else {
      return refuse(row.size, "the checkpoint is not signed by the key of this log")
    }
    guard let nodes = CompactRange(size: row.size, bytes: row.nodes), nodes.root == checkpoint.root else {
      return refuse(row.size, "the checkpoint's nodes do not lead to its root")
    }
    guard row.size == tree.size else { return }
    guard nodes == tree else { return refuse(row.size, "the records are not those that were signed") }
    report.signed = row.size
    report.checkpoint = row.note
  }

  /// Takes the signed note of a checkpoint of exactly the records so far.
  mutating func take(note: String) {
    guard !isBroken else { return }
    take(CheckpointRow(size: tree.size, note: note, nodes: tree.bytes))
  }

  /// Call at the end of a whole log.
  mutating func end() {
    guard !isBroken, unwitnessed != nil else { return }
    refuse(tree.size, "no record says that the records before \(report.first) were deleted")
  }

  mutating func refuse(_ sequence: Int64, _ reason: String) {
    report.defect = AuditVerifier.Defect(sequence: sequence, reason: reason)
  }

  private mutating func noteRoot() {
    if wanted.contains(tree.size) { roots[tree.size] = tree.root }
  }
}
