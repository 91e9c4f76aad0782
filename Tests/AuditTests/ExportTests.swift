import Core
import Foundation
import Logging
@testable import Storage
import Synchronization
import TestSupport
import Testing

@testable import Audit

@Suite("What leaves the store", .timeLimit(.minutes(5)))
struct ExportTests {
  private func export(
    _ ledger: Ledger, from: Int64? = nil, to: Int64? = nil, withBodies: Bool = false, as name: String = "export"
  ) async throws -> (path: String, text: String, summary: AuditExport.Summary) {
    let lines = Mutex<[String]>([])
    let summary = try await ledger.store.read { transaction in
      try AuditExport.write(transaction, from: from, to: to, withBodies: withBodies) { line in lines.withLock { $0.append(line) }
      }
    }
    let text = lines.withLock { $0.joined(separator: "\n") + "\n" }
    return (try write(text, ledger, as: name), text, summary)
  }

  private func write(_ text: String, _ ledger: Ledger, as name: String) throws -> String {
    let file = ledger.temporary.folder.appending(path: name)
    try Data(text.utf8).write(to: file)
    return file.path
  }

  private func report(_ path: String, _ verifier: CheckpointVerifier? = nil) throws -> AuditVerifier.Report {
    guard case .export(let report, _) = try AuditFile.verify(path, with: verifier) else { throw AuditError("no export") }
    return report
  }

  @Test("as a whole verifies as the store does, with bodies or without", arguments: StoreKind.tested)
  func whole(kind: StoreKind) async throws {
    let ledger = try Ledger(on: kind)
    try await ledger.lived()
    let stored = try await ledger.verify()
    var file = try await export(ledger, withBodies: true)
    #expect(try report(file.path) == stored)
    #expect(try report(file.path, ledger.signer.verifier) == stored)
    #expect(file.summary == .init(records: stored.heads, bodies: stored.bodies, signed: stored.signed))
    file = try await export(ledger)
    #expect(!file.text.contains("alice") && !file.text.contains("value 1"))
    let other = try CheckpointSigner(seed: Data(repeating: 8, count: 32)).verifier
    #expect(try report(file.path, other).defect != nil)
  }

  @Test("as a part is vouched for by the next checkpoint in it")
  func part() async throws {
    let ledger = try Ledger()
    try await ledger.append(10)
    try await ledger.keeper.sign()
    try await ledger.append(10)
    try await ledger.keeper.sign()
    let within = try report(try await export(ledger, from: 4, to: 15).path)
    #expect(within.defect == nil && within.first == 4 && within.heads == 12 && within.signed == 10)
    let between = try report(try await export(ledger, from: 12, to: 15).path)
    #expect(between.defect == nil && between.signed == 0)
    // What comes before a part is believed only because of the signature behind it.
    var forged = try await export(ledger, from: 4, to: 10).text
    let node = try #require(forged.firstRange(of: "\"range\":[\"")).upperBound
    forged.replaceSubrange(node...node, with: forged[node] == "0" ? "1" : "0")
    #expect(try report(try write(forged, ledger, as: "forged")).defect != nil)
  }

  @Test("cannot be changed by one character")
  func oneCharacter() async throws {
    let ledger = try Ledger()
    try await ledger.lived()
    try await ledger.keeper.sign()
    for from in [nil, try await ledger.verify().first + 3] as [Int64?] {
      let text = Array(try await export(ledger, from: from, withBodies: true).text.utf8)
      var dice = SplitMix(state: 12)
      for _ in 0..<150 {
        let place = Int.random(in: 0..<text.count, using: &dice)
        var changed = text
        changed[place] = UInt8.random(in: 32...126, using: &dice)
        guard changed != text else { continue }
        let path = ledger.temporary.folder.appending(path: "changed")
        try Data(changed).write(to: path)
        let isFound = (try? report(path.path))?.defect != nil || (try? report(path.path)) == nil
        #expect(
          isFound, "byte \(place): \(String(decoding: changed[max(0, place - 20)..<min(place + 20, text.count)], as: UTF8.self))")
      }
    }
  }

  @Test("a proof shows that a record was signed, and is worth nothing after a change", arguments: StoreKind.tested)
  func proofs(kind: StoreKind) async throws {
    let ledger = try Ledger(on: kind)
    try await ledger.lived()
    let report = try await ledger.verify()
    for sequence in report.first...report.signed {
      let proof = try await ledger.store.read { try InclusionProof(of: sequence, in: $0) }
      let path = try write(proof.json.canonical + "\n", ledger, as: "proof")
      guard case .proof(let proven, let defect, _) = try AuditFile.verify(path, with: ledger.signer.verifier) else {
        Issue.record("no proof")
        return
      }
      #expect(proven == sequence && defect == nil, "\(sequence): \(defect ?? "")")
      let changed = proof.json.canonical.replacing("member-read", with: "member-real")
      guard changed != proof.json.canonical else { continue }
      guard case .proof(_, .some(_), _) = try AuditFile.verify(try write(changed, ledger, as: "proof"), with: nil) else {
        Issue.record("a changed record was proven")
        return
      }
    }
    let last = try await ledger.size()
    for missing in [report.first - 1, last, last + 1] {
      await #expect(throws: AuditError.self) { try await ledger.store.read { try InclusionProof(of: missing, in: $0) } }
    }
  }

  @Test("two states of one log are compared: continued, shorter, forked")
  func comparison() async throws {
    let ledger = try Ledger()
    try await ledger.append(10)
    try await ledger.keeper.sign()
    let old = try await export(ledger, as: "old").path
    let oldNote = try write(try #require(try await ledger.verify().checkpoint), ledger, as: "old.note")
    try await ledger.append(5)
    try await ledger.keeper.sign()
    let new = try await export(ledger, as: "new").path
    let newNote = try write(try #require(try await ledger.verify().checkpoint), ledger, as: "new.note")
    let part = try await export(ledger, from: 12, as: "part").path
    func compare(_ old: String, _ new: String) async throws -> LogComparison.Result {
      try await LogComparison.compare(old, with: new, store: ledger.store, verifier: ledger.signer.verifier)
    }
    for before in [old, oldNote] {
      for after in [new, newNote] {
        #expect(try await compare(before, after) == .continued(from: 10, to: 15))
        #expect(try await compare(after, before) == .shorter(from: 15, to: 10))
      }
      await #expect(throws: AuditError.self) { try await compare(before, part) }
    }
    #expect(try await compare(new, new) == .continued(from: 15, to: 15))

    let other = try Ledger()
    try await other.append(16)
    try await other.keeper.sign()
    let forked = try await export(other, as: "forked").path
    #expect(try await compare(old, forked) == .forked(size: 10))
    #expect(try await compare(oldNote, forked) == .forked(size: 10))
  }

  @Test("a file that is none of ours is said to be so", arguments: ["", "x", "{}", "{\"type\":\"log\"}", "a\nb\nc\n"])
  func stranger(text: String) throws {
    let file = FileManager.default.temporaryDirectory.appending(path: "stranger-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: file) }
    try Data(text.utf8).write(to: file)
    #expect(throws: AuditError.self) { try AuditFile.verify(file.path, with: nil) }
  }
}
