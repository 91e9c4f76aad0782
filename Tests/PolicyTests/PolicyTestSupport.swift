import Core
import Foundation

@testable import Policy

/// Rules of a text, which must be without errors.
func rules(_ text: String) throws -> [Rule] {
  let (rules, problems) = Parser.parse(SourceFile(name: "test.cedar", text: text))
  if !problems.isEmpty { throw PolicyError(problems: problems) }
  return rules
}

/// The value of an expression against a small fixed world.
func evaluate(_ expression: String) throws -> Value {
  let rule = try rules("@id(\"x\") permit (principal, action, resource) when { \(expression) };")[0]
  let request = Request(
    principal: EntityUID("User", "alice"), action: EntityUID("Action", "call"), resource: EntityUID("Tool", "notes.put"),
    context: [
      "n": .long(3), "big": .long(.max), "text": .string("notes/a"), "accented": .string("\u{e9}"), "empty": .record([:]),
      "tags": .set([.string("a"), .string("b")]), "inner": .record(["deep": .record(["er": .bool(true)])]),
    ])
  let store = EntityStore([
    (EntityUID("User", "alice"), ["age": .long(30), "friend": .entity(EntityUID("User", "bob"))], [EntityUID("Role", "editor")]),
    (EntityUID("User", "bob"), [:], []),
    (EntityUID("Role", "editor"), [:], [EntityUID("Role", "member")]),
    (EntityUID("Role", "member"), [:], [EntityUID("Role", "anyone")]),
  ])
  var evaluator = Evaluator(request: request, entities: store)
  return try evaluator.value(rule.conditions[0].expression)
}

/// The shipped rule folder of this repository.
let shippedPolicies = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
  .deletingLastPathComponent().appending(path: "policies").path

/// The shipped rules, with other tables and further rules where given.
func snapshot(roles: String? = nil, gates: String? = nil, adding more: String = "") throws -> PolicySnapshot {
  var files = try PolicyFolder.read(shippedPolicies).filter { file in
    !(roles != nil && file.name.hasSuffix("roles.yaml")) && !(gates != nil && file.name.hasSuffix("gates.yaml"))
  }
  if let roles { files.append(SourceFile(name: "roles.yaml", text: roles)) }
  if let gates { files.append(SourceFile(name: "gates.yaml", text: gates)) }
  files.append(SourceFile(name: "20-more.cedar", text: more))
  return try PolicySnapshot.make(from: files, in: "policies")
}

/// A folder of its own for one test; gone when the value is.
final class TemporaryFolder {
  let path: String

  init(_ files: [String: String] = [:]) throws {
    path = FileManager.default.temporaryDirectory.appending(path: "policy-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    for (name, text) in files { try write(name, text) }
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func write(_ name: String, _ text: String) throws {
    let file = "\(path)/\(name)"
    try FileManager.default.createDirectory(
      atPath: URL(filePath: file).deletingLastPathComponent().path, withIntermediateDirectories: true)
    try text.write(toFile: file, atomically: true, encoding: .utf8)
  }
}

enum Example {
  static let read = Tool(
    name: "tickets.list", skill: "org.openclaw.tickets", build: "00", summary: "", effect: .read, parameters: [], rest: nil)
  static let write = Tool(
    name: "tickets.create", skill: "org.openclaw.tickets", build: "00", summary: "", effect: .write, parameters: [], rest: nil)

  /// 8 January 2024, a Monday, 00:30 UTC.
  static let monday = Timestamp(seconds: 1_704_673_800)

  static func call(
    _ tool: Tool, by requester: String = "playground:alice", _ arguments: JSON = [:], scene: Scene = Scene(.group, "demo"),
    at now: Timestamp = monday
  ) -> CallQuestion {
    CallQuestion(
      requester: requester, tool: tool, arguments: arguments,
      conversation: Conversation(channel: "playground", account: "bot", scene: scene), origin: .command, now: now)
  }
}
