import Core
import Foundation
import Synchronization
import Testing

@testable import Policy

@Suite("Comparing rules")
struct ComparingTests {
  private static let roles = "people: []\ndefaults: { everyone: [member] }"
  private static let open = "@id(\"p\") permit (principal, action in [Action::\"call\", Action::\"auto\"], resource);"
  private static let closed =
    open + "@id(\"no\") forbid (principal, action == Action::\"call\", resource == Tool::\"tickets.list\");"
  private static let test = "- { name: t, call: { user: a:b, tool: tickets.list, effect: read }, expect: { outcome: allow } }"

  private static func files(_ rules: String, test: String? = nil) throws -> PolicyFiles {
    var files = ["a.cedar": rules, "roles.yaml": roles]
    files["tests/t.yaml"] = test
    let folder = try TemporaryFolder(files)
    return try withExtendedLifetime(folder) { try PolicyFiles(directory: folder.path) }
  }

  @Test("a diff names the calls and tests that are answered otherwise, once each")
  func diff() throws {
    let calls = [Example.call(Example.read), Example.call(Example.write)].enumerated().map {
      PolicyDiff.PastCall(sequence: Int64($0.offset), question: $0.element)
    }
    let before = try Self.files(Self.open, test: Self.test)
    let diff = try PolicyDiff(from: before, to: Self.files(Self.closed, test: Self.test), calls: calls)
    #expect(diff.changes.map(\.name) == ["tickets.list", "t"])
    #expect(
      diff.changes.map(\.before) == ["allow", "allow"] && diff.changes.map(\.after) == ["deny forbidden", "deny forbidden"])
    #expect(diff.changes.first?.sequence == 0 && diff.changes.first?.rulesAfter == ["no"])
    #expect(try PolicyDiff(from: before, to: before, calls: calls).changes.isEmpty)
  }

  @Test("files that were kept give the same rules as the folder did")
  func stored() throws {
    let files = try Self.files(Self.open, test: Self.test)
    let again = try PolicyFiles(stored: files.stored, place: "kept")
    #expect(try PolicySnapshot.load(again).id == PolicySnapshot.load(files).id)
    #expect(again.tests.count == 1)
    #expect(throws: PolicyError.self) { try PolicyFiles(stored: "[", place: "kept") }
  }

  @Test("rules in shadow decide nothing, and every other answer of theirs is told")
  func shadow() throws {
    let told = Mutex<[ShadowDifference]>([])
    let live = try PolicySnapshot.load(Self.files(Self.open))
    let engine = PolicyEngine(snapshot: live) { difference in told.withLock { $0.append(difference) } }
    engine.setShadow(try PolicySnapshot.load(Self.files(Self.closed)))
    #expect(engine.decideCall(Example.call(Example.read)) == .allow(rules: ["p", "p"]))
    #expect(engine.decideCall(Example.call(Example.write)) == .allow(rules: ["p", "p"]))
    let differences = told.withLock { $0 }
    #expect(differences.map(\.subject) == ["tickets.list"])
    #expect(differences.first?.live.description == "allow" && differences.first?.shadow.description == "deny forbidden")
    engine.setShadow(nil)
    _ = engine.decideCall(Example.call(Example.read))
    #expect(told.withLock(\.count) == 1)
  }
}
