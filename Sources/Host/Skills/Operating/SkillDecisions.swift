package import Core

/// What the operator has decided about skills with the command line. Kept in one file, `decisions.json`, and read strictly: a
/// decision that is not understood must not silently count as none.
package struct SkillDecisions: Sendable, Equatable {
  /// "When the folder offers the build `from`, serve the kept build `to` instead." Hashes of images.
  package struct Rollback: Sendable, Equatable {
    package let from: String
    package let to: String

    package init(from: String, to: String) {
      self.from = from
      self.to = to
    }
  }

  /// Ids of skills that are not to be served.
  package var disabled: Set<String> = []
  /// Texts of the granted scopes, by the id of the skill.
  package var grants: [String: Set<String>] = [:]
  /// By the id of the skill.
  package var rollbacks: [String: Rollback] = [:]
  /// Public keys of signers (64 lower-case hexadecimal digits), by the operator's name for them.
  package var keys: [String: String] = [:]

  package init() {}
}

// MARK: JSON

extension SkillDecisions {
  private enum Key: String, CaseIterable {
    case disabled, grants, rollbacks, keys
  }

  /// Reads the text of the file. Unknown keys are errors: they may be a decision of a newer version.
  package init(parsing bytes: [UInt8]) throws(SkillDecisionsError) {
    let json: JSON
    do throws(JSONError) {
      json = try JSON(parsing: bytes)
    } catch {
      throw SkillDecisionsError(.malformed, "not valid JSON: \(error)")
    }
    for (key, value) in try Self.members(of: json, at: "top level") {
      switch Key(rawValue: key) {
      case .disabled: disabled = try Self.texts(value, at: key, "a skill's id", where: Self.isID)
      case .grants:
        for (id, scopes) in try Self.skills(value, at: key) {
          grants[id] = try Self.texts(scopes, at: "\(key).\(id)", "a scope of one line", where: Self.isLine)
        }
      case .rollbacks:
        for (id, rollback) in try Self.skills(value, at: key) {
          rollbacks[id] = try Self.rollback(rollback, at: "\(key).\(id)")
        }
      case .keys:
        for (name, value) in try Self.members(of: value, at: key) {
          keys[name] = try Self.text(value, at: "\(key).\(name)", "64 lower-case hexadecimal digits", where: Self.isHash)
        }
      case nil:
        let known = Key.allCases.map(\.rawValue)
        throw SkillDecisionsError(
          .malformed, "unknown key '\(key)'\(NearestName.hint(for: key, among: known)); known: \(known.joined(separator: ", "))")
      }
    }
  }

  /// The same decisions give the same value, whatever order they were made in.
  package var json: JSON {
    func sorted(_ texts: Set<String>) -> JSON { .array(texts.sorted().map { .string($0) }) }
    let granted = grants.filter { !$0.value.isEmpty }.mapValues(sorted)
    let replaced = rollbacks.mapValues { JSON.object(["from": .string($0.from), "to": .string($0.to)]) }
    let members: [(Key, JSON, isEmpty: Bool)] = [
      (.disabled, sorted(disabled), disabled.isEmpty), (.grants, .object(granted), granted.isEmpty),
      (.rollbacks, .object(replaced), replaced.isEmpty), (.keys, .object(keys.mapValues { .string($0) }), keys.isEmpty),
    ]
    return .object(Dictionary(uniqueKeysWithValues: members.filter { !$0.isEmpty }.map { ($0.0.rawValue, $0.1) }))
  }

  private static func rollback(_ json: JSON, at path: String) throws(SkillDecisionsError) -> Rollback {
    let members = try members(of: json, at: path)
    if let unknown = members.keys.filter({ !["from", "to"].contains($0) }).min() {
      throw SkillDecisionsError(.malformed, "\(path): unknown key '\(unknown)'; known: from, to")
    }
    func hash(_ key: String) throws(SkillDecisionsError) -> String {
      guard let value = members[key] else { throw SkillDecisionsError(.malformed, "\(path).\(key) is missing") }
      return try text(value, at: "\(path).\(key)", "64 lower-case hexadecimal digits", where: isHash)
    }
    return Rollback(from: try hash("from"), to: try hash("to"))
  }

  private static func skills(_ json: JSON, at path: String) throws(SkillDecisionsError) -> [String: JSON] {
    let members = try members(of: json, at: path)
    if let wrong = members.keys.filter({ !isID($0) }).min() {
      throw SkillDecisionsError(.malformed, "\(path): '\(wrong)' is not a skill's id, like org.example.tickets")
    }
    return members
  }

  private static func members(of json: JSON, at path: String) throws(SkillDecisionsError) -> [String: JSON] {
    guard let members = json.object else {
      throw SkillDecisionsError(.malformed, "\(path): must be an object, is \(json.typeName)")
    }
    return members
  }

  private static func texts(
    _ json: JSON, at path: String, _ description: String, where isValid: (String) -> Bool
  ) throws(SkillDecisionsError) -> Set<String> {
    guard let elements = json.array else {
      throw SkillDecisionsError(.malformed, "\(path): must be an array, is \(json.typeName)")
    }
    var texts: Set<String> = []
    for (index, element) in elements.enumerated() {
      texts.insert(try text(element, at: "\(path)[\(index)]", description, where: isValid))
    }
    return texts
  }

  private static func text(
    _ json: JSON, at path: String, _ description: String, where isValid: (String) -> Bool
  ) throws(SkillDecisionsError) -> String {
    guard let text = json.string, isValid(text) else {
      throw SkillDecisionsError(.malformed, "\(path): must be \(description)")
    }
    return text
  }

  private static func isID(_ text: String) -> Bool {
    text.utf8.count <= 128 && text.contains(".") && Names.isDotted(text)
  }

  private static func isLine(_ text: String) -> Bool {
    !text.isEmpty && text.utf8.count <= 1024 && !text.unicodeScalars.contains(where: \.breaksLines)
  }

  private static func isHash(_ text: String) -> Bool {
    text.utf8.count == 64
      && text.utf8.allSatisfy {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains($0)
      }
  }
}
