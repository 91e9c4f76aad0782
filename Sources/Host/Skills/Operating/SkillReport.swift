package import Core

/// What is known of all skills at one moment, for the command line. The service writes it into `status.json`.
package struct SkillReport: Sendable, Equatable {
  package struct ToolEntry: Sendable, Equatable {
    package let name: String
    package let effect: Effect
    package let scopes: [String]
    /// Those of `scopes` that are not granted: the tool is not offered before they are.
    package let waiting: [String]
  }

  package struct Entry: Sendable, Equatable {
    /// The id, or the file name while the id is unknown.
    package let skill: String
    package let file: String
    /// As in `SkillStatus.State`, or `ready`: nothing speaks against it, and no service runs.
    package let state: String
    package let version: String?
    /// What is served.
    package let build: String?
    /// What the file holds, where it could be read.
    package let offered: String?
    package let detail: String?
    package let isTrusted: Bool
    /// The operator's name for the key that signed it.
    package let signer: String?
    package let tools: [ToolEntry]
  }

  /// Of the service.
  package let process: Int
  package let time: Timestamp
  /// Digest of the decisions that the service has taken in.
  package let decisions: String?
  /// Why the decisions of now are not those in force.
  package let problem: String?
  package let skills: [Entry]
}

// MARK: JSON

extension SkillReport {
  private static let largestFile = 64 << 20

  /// What the service wrote last; nil when there is nothing, or nothing that can be read. Blocks.
  package static func read(data: String) -> SkillReport? {
    guard let bytes = try? SmallFile.read(SkillFolder(data: data).status, maximumSize: largestFile),
      let json = try? JSON(parsing: bytes)
    else { return nil }
    return SkillReport(json: json)
  }

  init?(json: JSON) {
    guard let process = json["pid"]?.integer, let time = json["time"]?.integer, let skills = json["skills"]?.array else {
      return nil
    }
    self.process = Int(process)
    self.time = Timestamp(milliseconds: time)
    decisions = json["decisions"]?.string
    problem = json["problem"]?.string
    self.skills = skills.compactMap(Entry.init(json:))
  }

  package var json: JSON {
    var members: [String: JSON] = [
      "pid": .integer(Int64(process)), "time": .integer(time.milliseconds), "skills": .array(skills.map(\.json)),
    ]
    members["decisions"] = decisions.map { .string($0) }
    members["problem"] = problem.map { .string($0) }
    return .object(members)
  }
}

extension SkillReport.Entry {
  fileprivate init?(json: JSON) {
    guard let skill = json["skill"]?.string, let file = json["file"]?.string, let state = json["state"]?.string else {
      return nil
    }
    self.init(
      skill: skill, file: file, state: state, version: json["version"]?.string, build: json["build"]?.string,
      offered: json["offered"]?.string, detail: json["detail"]?.string, isTrusted: json["trusted"]?.bool ?? false,
      signer: json["signer"]?.string, tools: (json["tools"]?.array ?? []).compactMap(SkillReport.ToolEntry.init(json:)))
  }

  package var json: JSON {
    var members: [String: JSON] = [
      "skill": .string(skill), "file": .string(file), "state": .string(state), "trusted": .bool(isTrusted),
      "tools": .array(tools.map(\.json)),
    ]
    for (key, value) in [("version", version), ("build", build), ("offered", offered), ("detail", detail), ("signer", signer)] {
      members[key] = value.map { .string($0) }
    }
    return .object(members)
  }
}

extension SkillReport.ToolEntry {
  init(_ declaration: ToolDeclaration, of skill: String, grants: GrantTable) {
    self.init(
      name: declaration.name, effect: declaration.effect, scopes: declaration.scopes.map(\.text).sorted(),
      waiting: grants.grants(to: skill).missing(for: declaration).map(\.text))
  }

  fileprivate init?(json: JSON) {
    guard let name = json["name"]?.string, let effect = json["effect"]?.string.flatMap(Effect.init(rawValue:)) else { return nil }
    func texts(_ key: String) -> [String] { (json[key]?.array ?? []).compactMap(\.string) }
    self.init(name: name, effect: effect, scopes: texts("scopes"), waiting: texts("waiting"))
  }

  fileprivate var json: JSON {
    [
      "name": .string(name), "effect": .string(effect.rawValue), "scopes": .array(scopes.map { .string($0) }),
      "waiting": .array(waiting.map { .string($0) }),
    ]
  }
}
