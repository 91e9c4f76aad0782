import Core
import Foundation
import Testing

@testable import Policy

@Suite("Loading and reloading")
struct SnapshotTests {
  private static let roles = "people: []\ndefaults: { everyone: [member] }"
  private static let permit = "@id(\"p\") permit (principal, action == Action::\"call\", resource);"

  @Test("the shipped rules load without a complaint")
  func shipped() throws {
    let snapshot = try PolicySnapshot.load(directory: shippedPolicies)
    #expect(snapshot.warnings.isEmpty)
    #expect(snapshot.ruleIDs.contains("no-self"))
    #expect(snapshot.gate(named: "default_write")?.approvers == ["admin"])
    #expect(snapshot.subject("playground:admin").roles == ["owner", "admin", "member"])
  }

  @Test(
    "refuses rules that rely on what does not exist",
    arguments: [
      ("@id(\"a\") forbid (principal, action == Action::\"cal\", resource);", 39, "unknown Action `cal`"),
      ("@id(\"a\") forbid (principal in Rolle::\"x\", action, resource);", 31, "unknown entity type `Rolle`"),
      ("@id(\"a\") forbid (principal is Usr, action, resource);", 31, "unknown entity type `Usr`"),
      ("@id(\"a\") forbid (principal, action, resource in Effect::\"wirte\");", 49, "unknown Effect `wirte`"),
      ("@id(\"a\") forbid (principal, action, resource) when { context has arg };", 66, "unknown context attribute `arg`"),
      (
        "@id(\"a\") forbid (principal, action, resource) when { context[\"minutes\"] == 1 };", 62,
        "unknown context attribute `minutes`"
      ),
      ("@id(\"a\") @gates(\"x\") forbid (principal, action, resource);", 17, "unknown annotation `gates`"),
      ("@id(\"a\") @gate(\"x\") permit (principal, action == Action::\"call\", resource);", 16, "unknown gate `x`"),
      ("@id(\"a\") @gate(\"default_write\") forbid (principal, action, resource);", 16, "a gate on this rule has no effect"),
      (
        "@id(\"a\") @gate(\"default_write\") permit (principal, action == Action::\"auto\", resource);", 16,
        "a gate on this rule has no effect"
      ),
      ("@id(\"a\") permit (principal, action, resource);", 10, "this permit allows every action, approving included"),
      ("@id(\"no-self\") forbid (principal, action, resource);", 5, "rule id `no-self` is already taken"),
    ])
  func vocabulary(rule: String, column: Int, message: String) throws {
    let error = #expect(throws: PolicyError.self) { try snapshot(adding: rule) }
    #expect(error?.problems.map(\.message) == [message])
    #expect(error?.problems.first?.column == column)
  }

  @Test("warns of roles that nobody holds")
  func warnings() throws {
    let text = "@id(\"a\") forbid (principal in Role::\"gest\", action, resource);"
    #expect(try snapshot(adding: text).warnings.map(\.message) == ["nobody holds the role `gest`"])
    #expect(try snapshot(gates: "x: { approvers: [nobody] }", adding: "").warnings.count == 1)
  }

  @Test("collects the problems of all files")
  func collects() throws {
    let folder = try TemporaryFolder([
      "a.cedar": "permit (principal, action, resource);",
      "b.cedar": "@id(\"b\") permit (principal, action, resource) when { 1 = 1 };",
      "roles.yaml": "people: 3", "gates.yaml": "g: { approvers: [] }",
    ])
    let error = #expect(throws: PolicyError.self) { try PolicySnapshot.load(directory: folder.path) }
    let files = try #require(error).problems.map { $0.file.split(separator: "/").last.map(String.init) }
    #expect(files == ["a.cedar", "b.cedar", "gates.yaml", "roles.yaml"])
    #expect(error?.description.contains("a.cedar:1:1: error: rule without `@id`") == true)
  }

  @Test("refuses a folder that is missing, empty, without roles, or holds too much")
  func folders() throws {
    func message(_ files: [String: String]) throws -> String? {
      let folder = try TemporaryFolder(files)
      return #expect(throws: PolicyError.self) { try PolicySnapshot.load(directory: folder.path) }?.problems.first?.message
    }
    #expect(throws: PolicyError.self) { try PolicySnapshot.load(directory: "/nonexistent/policies") }
    #expect(try message([:]) == "no rules")
    #expect(try message(["a.cedar": "// nothing", "roles.yaml": Self.roles]) == "no rules")
    #expect(try message(["a.cedar": Self.permit]) == "no roles.yaml")
    #expect(
      try message(["a.cedar": Self.permit + String(repeating: " ", count: 256 * 1024), "roles.yaml": Self.roles])
        == "larger than 256 KiB; split it")
    let many = (0...2000).map { "@id(\"r\($0)\") forbid (principal, action, resource);" }.joined()
    #expect(try message(["a.cedar": many, "roles.yaml": Self.roles]) == "2001 rules; at most 2000 are allowed")
  }

  @Test("refuses what is not a plain file")
  func oddFiles() throws {
    let folder = try TemporaryFolder(["a.cedar": Self.permit, "roles.yaml": Self.roles])
    try #require(mkfifo("\(folder.path)/b.cedar", 0o600) == 0)
    let error = #expect(throws: PolicyError.self) { try PolicySnapshot.load(directory: folder.path) }
    #expect(error?.problems.map(\.message) == ["not a plain file"])
  }

  @Test("ignores drafts and foreign files; the id follows names and contents")
  func identity() throws {
    let folder = try TemporaryFolder(["a.cedar": Self.permit, "roles.yaml": Self.roles])
    let first = try PolicySnapshot.load(directory: folder.path).id
    try folder.write(".#a.cedar", "draft")
    try folder.write("README.md", "text")
    #expect(try PolicySnapshot.load(directory: folder.path).id == first)
    try folder.write("a.cedar", Self.permit + " ")
    let second = try PolicySnapshot.load(directory: folder.path).id
    #expect(second != first)
    #expect(try PolicySnapshot.load(directory: folder.path, digest: { "\($0.count)" }).id != second)
  }

  @Test("a bad reload changes nothing, a good one everything")
  func reload() throws {
    let folder = try TemporaryFolder(["a.cedar": Self.permit, "roles.yaml": Self.roles])
    let engine = PolicyEngine(directory: folder.path)
    let before = try #require(engine.snapshot)
    #expect(engine.lastError == nil)
    try folder.write("a.cedar", "@id(\"p\") permit (principal")
    #expect(throws: PolicyError.self) { try engine.reload(from: folder.path) }
    #expect(engine.snapshot === before)
    #expect(engine.lastError != nil)
    #expect(engine.mode == .normal)
    try folder.write("a.cedar", "@id(\"q\") forbid (principal, action, resource);")
    #expect(try engine.reload(from: folder.path).ruleIDs == ["q"])
    #expect(engine.snapshot?.ruleIDs == ["q"])
    #expect(engine.lastError == nil)
  }

  @Test("an engine that starts with bad files denies everything until it gets good ones")
  func coldStart() throws {
    let folder = try TemporaryFolder(["a.cedar": "permit"])
    let engine = PolicyEngine(directory: folder.path)
    #expect(engine.mode == .lockdown)
    #expect(engine.lastError?.problems.isEmpty == false)
    #expect(engine.decideCall(Example.call(Example.read)) == .deny(Denial(.lockdown)))
    #expect(
      engine.mayApprove(Example.call(Example.write), approver: "playground:admin", gate: .builtIn) == .deny(Denial(.lockdown)))
    #expect(!engine.canAnyoneApprove(Example.call(Example.write), gate: .builtIn))
    #expect(
      engine.mayUse(UseQuestion(skill: "s", capability: "log", effect: .read, requester: "a:b", now: Example.monday))
        == .deny(Denial(.lockdown)))
    try engine.reload(from: shippedPolicies)
    #expect(engine.mode == .normal)
  }
}
