// Everything that SkillKit can declare. Built by SkillKitTests in a folder that `openclaw skill new` made.
import SkillKit

@Skill("org.example.kit", version: "2.1.0")
public enum Everything {
  /// Greets somebody,
  /// politely.
  ///
  /// This paragraph is not for the model.
  /// - Parameters:
  ///   - name: Whom to greet, and
  ///     how they are called.
  ///   - times: How often.
  /// - Returns: a greeting
  @Tool(.read, ranges: ["name": 1...40, "times": 1...10], rest: "name")
  static func kit(name: String, times: Int32 = 2) -> String {
    Array(repeating: "Hello, \(name)!", count: Int(times)).joined(separator: " ")
  }

  // swift-format-ignore: UseTripleSlashForDocumentationComments
  /** Uses every number. */
  @Tool(.read)
  static func sumAll(
    _ a: Int, b: Int32, c: Int64 = -4, d: UInt, e: UInt32, f: UInt64, g: Float = 0.5, h: Double = 1e-3, minus i: Bool
  ) -> Double {
    let whole = Double(a) + Double(b) + Double(c) + Double(d) + Double(e) + Double(f)
    return (whole + Double(g) + h) * (i ? -1 : 1)
  }

  /// Says whether a unit is metric.
  @Tool(.read, choices: ["unit": ["metre", "mile"]])
  static func isMetric(unit: String = "metre") -> Bool { unit == "metre" }

  /// Twice a number, as each type of result.
  @Tool(.read) static func int(x: Int32) -> Int { Int(x) * 2 }
  /// The largest.
  @Tool(.read) static func unsigned(x: UInt32) -> UInt32 { UInt32.max - x }
  /// A tenth.
  @Tool(.read) static func tenth(x: Float) -> Float { x / 10 }

  /// Counts, and remembers.
  /// - Parameter step: By how much.
  @Tool(.write, name: "kit.counter.add", scopes: ["kv:read", "kv:write"], idempotent: false, timeout: 2.5)
  static func count(call: Call, by step: Int = 1) throws -> Int {
    let count: Int = try call.get("count") ?? 0
    try call.put("count", count + step)
    try call.put("list/\(count + step)", ["step": .integer(Int64(step))] as JSON)
    call.log("counted", level: .debug)
    return count + step
  }

  /// What was counted.
  @Tool(.read, scopes: ["kv:read"], concurrency: 2)
  static func history(_ call: Call) throws -> [String: JSON] {
    Dictionary(try call.list(prefix: "list/", as: JSON.self).map { ($0.key, $0.value) }, uniquingKeysWith: { $1 })
  }

  /// Forgets.
  @Tool(.write, scopes: ["kv:write"]) static func forget(call: Call) throws { try call.delete("count") }

  /// May not write.
  @Tool(.read, scopes: ["kv:read"]) static func forbidden(call: Call) throws { try call.put("x", true) }

  /// Joins words.
  @Tool(.read)
  static func join(words: [String], separator: String? = nil, weights: [String: Int] = [:]) throws -> JSON {
    guard !words.isEmpty else { throw SkillError.badArgument("no words to join") }
    return ["text": .string(words.joined(separator: separator ?? " ")), "half": 0.5, "none": nil]
  }

  /// Fails in its own way.
  @Tool(.read) static func fail(code: Int32) throws -> String { throw SkillError(code: code, "a \"reason\"\n of its own") }

  /// Fails in Swift's way.
  @Tool(.read) static func other() throws -> String {
    struct Odd: Error {}
    throw Odd()
  }

  /// Traps.
  @Tool(.read) static func trap(index: Int) -> Int { [1, 2, 3][index] }

  /// Gives back what it got, character for character.
  @Tool(.read) static func mirror(call: Call, text: String) throws -> [String] { [text, try call.argument("text")] }

  /// The call itself.
  @Tool(.read) static func facts(call: Call) throws -> Bool {
    try !call.id.isEmpty && !call.isCancelled && call.now() > 1_700_000_000_000
  }

  static func helper() -> Int { 1 }
}
