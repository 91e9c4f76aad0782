import Core

/// Everything that the command line needs to know before it says something about skills or changes what is decided.
package struct SkillOverview: Sendable {
  package let report: SkillReport
  package let decisions: SkillDecisions
  /// By the id of the skill, oldest first.
  package let kept: [String: [KeptBuild]]
  /// Whether the report is a running service's own.
  package let isServed: Bool

  init(report: SkillReport, decisions: SkillDecisions, kept: [String: [KeptBuild]], isServed: Bool) {
    self.report = report
    self.decisions = decisions
    self.kept = kept
    self.isServed = isServed
  }

  /// Takes the service's word, or looks at the files without running any of their code. Blocks.
  ///
  /// - Parameter isServed: whether a service runs on `data`.
  package static func read(plugins: String, data: String, isServed: Bool) throws(SkillDecisionsError) -> SkillOverview {
    let decisions = try SkillDecisionsFile(data: data).read()
    let kept = BuildArchive(data: data).index()
    if isServed, let report = SkillReport.read(data: data) {
      return SkillOverview(report: report, decisions: decisions, kept: kept, isServed: true)
    }
    let report = SkillReport.inspecting(plugins: plugins, decisions: decisions, kept: kept)
    return SkillOverview(report: report, decisions: decisions, kept: kept, isServed: false)
  }

  /// Every skill that is known in any way, sorted.
  package var ids: [String] {
    let present = report.skills.filter { $0.skill != $0.file }.map(\.skill)
    let decided = Array(decisions.disabled) + Array(decisions.grants.keys) + Array(decisions.rollbacks.keys)
    return Set(present + decided + Array(kept.keys)).sorted()
  }

  /// The id that somebody means who writes the id or its last part.
  package func id(named name: String) throws(SkillOperatingError) -> String {
    if ids.contains(name) { return name }
    let fitting = ids.filter { $0.hasSuffix(".\(name)") }
    if let only = fitting.first, fitting.count == 1 { return only }
    guard fitting.isEmpty else {
      throw SkillOperatingError(.ambiguousSkill, "'\(name)' may be \(fitting.joined(separator: " or ")): write the whole id")
    }
    let names = ids + ids.compactMap { $0.split(separator: ".").last.map(String.init) }
    let hint = NearestName.hint(for: name, among: names)
    let known = ids.isEmpty ? "; there are no skills" : "; 'openclaw skill list' shows all"
    throw SkillOperatingError(.unknownSkill, "there is no skill '\(name)'\(hint.isEmpty ? known : hint)")
  }

  /// The file that offers the skill, also one whose content cannot be told from outside any more but once was this skill.
  package func entry(of id: String) -> SkillReport.Entry? {
    let rank = ["loaded": 0, "quarantined": 1, "ready": 1, "disabled": 2]
    let own = report.skills.filter { $0.skill == id }.min { rank[$0.state, default: 3] < rank[$1.state, default: 3] }
    guard own == nil, let file = kept[id]?.last?.file else { return own }
    return report.skills.first { $0.file == file && $0.skill == file }
  }
}

// MARK: Going back

extension SkillOverview {
  /// A way back that is possible now.
  package struct WayBack: Sendable, Equatable {
    package let rollback: SkillDecisions.Rollback
    /// The version that is left; nil when it cannot be told.
    package let leaves: String?
    package let target: KeptBuild
  }

  /// - Parameter target: a version, or the first digits of a hash; nil for the build before the one that is to be served now.
  package func wayBack(of id: String, to target: String?) throws(SkillOperatingError) -> WayBack {
    guard let entry = entry(of: id), let offered = entry.offered else {
      throw SkillOperatingError(.noFile, "no file in the plug-in folder holds '\(id)': there is nothing to go back from")
    }
    let all = kept[id] ?? []
    let inForce = decisions.rollbacks[id].flatMap { $0.from == offered ? $0.to : nil }
    let current = inForce ?? offered
    let leaves = all.first { $0.hash == current }?.version ?? entry.version
    let listed = all.map { "\($0.version) (\($0.hash.prefix(12)))" }.joined(separator: ", ")
    guard let target else {
      let before = all.firstIndex { $0.hash == current }.map { all[..<$0] } ?? all[...]
      guard let choice = before.last else {
        let kept = all.isEmpty ? "none was served before" : "kept are \(listed)"
        throw SkillOperatingError(.noBuildKept, "no build of '\(id)' before the present one is kept; \(kept)")
      }
      return WayBack(rollback: .init(from: offered, to: choice.hash), leaves: leaves, target: choice)
    }
    let isHash = target.count >= 6 && target.utf8.allSatisfy { Character(Unicode.Scalar($0)).isHexDigit }
    guard let choice = all.last(where: { $0.version == target || isHash && $0.hash.hasPrefix(target.lowercased()) }) else {
      throw SkillOperatingError(
        .unknownBuild, "no build '\(target)' of '\(id)' is kept; \(all.isEmpty ? "none is" : "kept are \(listed)")")
    }
    guard choice.hash != offered else {
      throw SkillOperatingError(
        .unknownBuild, "\(choice.version) is what the file holds: 'openclaw skill rollback \(id) --undo' serves it")
    }
    return WayBack(rollback: .init(from: offered, to: choice.hash), leaves: leaves, target: choice)
  }
}

// MARK: Scopes

extension SkillOverview {
  package struct ScopeEntry: Sendable, Equatable {
    package enum State: String, Sendable {
      /// Every skill has it.
      case always
      case granted
      case waiting
      /// Granted, and no tool of the present build asks for it.
      case unused
    }

    package let scope: String
    package let state: State
    /// The tools that need it.
    package let tools: [String]
  }

  /// What the skill's tools need and what is granted beyond that, sorted.
  package func scopes(of id: String) -> [ScopeEntry] {
    let granted = decisions.grants[id] ?? []
    let table = GrantTable(decisions.grants)
    var needed: [String: [String]] = [:]
    for tool in entry(of: id)?.tools ?? [] {
      for scope in tool.scopes { needed[scope, default: []].append(tool.name) }
    }
    let all = Set(needed.keys).union(granted)
    return all.sorted().map { scope in
      let state: ScopeEntry.State =
        if GrantTable.isGrantedToAll(scope) {
          .always
        } else if needed[scope] == nil {
          .unused
        } else {
          table.isGranted(scope, to: id) ? .granted : .waiting
        }
      return ScopeEntry(scope: scope, state: state, tools: needed[scope] ?? [])
    }
  }

  /// Checks scopes that somebody wants to grant, or with `isRevoking` to take back.
  package func check(_ scopes: [String], of id: String, isRevoking: Bool) throws(SkillOperatingError) {
    let entries = self.scopes(of: id)
    let granted = decisions.grants[id] ?? []
    for scope in scopes {
      if GrantTable.isGrantedToAll(scope) {
        throw SkillOperatingError(.unknownScope, "'\(scope)' is every skill's own: it is neither granted nor taken back")
      }
      let possible = isRevoking ? granted.sorted() : entries.filter { $0.state != .always }.map(\.scope)
      guard !possible.contains(scope) else { continue }
      let hint = NearestName.hint(for: scope, among: possible)
      let reason = isRevoking ? "'\(scope)' is not granted to '\(id)'" : "no tool of '\(id)' asks for '\(scope)'"
      let list = possible.map { "'\($0)'" }.joined(separator: ", ")
      throw SkillOperatingError(.unknownScope, "\(reason)\(hint)\(possible.isEmpty ? "" : "; possible: \(list)")")
    }
  }
}
