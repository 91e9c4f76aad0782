import Core
import Glibc

extension SkillReport {
  /// What a service would find, from the files alone: no code of a skill runs. Blocks.
  static func inspecting(
    plugins: String, decisions: SkillDecisions, kept: [String: [KeptBuild]], limits: SkillLimits = SkillLimits()
  ) -> SkillReport {
    let listing = FolderListing.read(plugins)?.files ?? [:]
    let grants = GrantTable(decisions.grants)
    var owners: [String: String] = [:]
    let entries = listing.keys.sorted().map { file in
      switch SkillCandidate.read("\(plugins)/\(file)", knownHash: nil, limits: limits) {
      case .candidate(let candidate):
        let owner = owners[candidate.manifest.id]
        owners[candidate.manifest.id] = owner ?? file
        return Entry(candidate, in: file, owner: owner, decisions, kept[candidate.manifest.id] ?? [], grants)
      case .refused(let refusal, let hash):
        return Entry(
          skill: file, file: file, state: refusal.code == .incomplete ? "waiting" : "refused", version: nil, build: nil,
          offered: hash, detail: refusal.message, isTrusted: false, signer: nil, tools: [])
      case .unchanged:
        return Entry(
          skill: file, file: file, state: "waiting", version: nil, build: nil, offered: nil, detail: nil, isTrusted: false,
          signer: nil, tools: [])
      }
    }
    return SkillReport(process: Int(getpid()), time: WallClock.system.now(), decisions: nil, problem: nil, skills: entries)
  }
}

extension SkillReport.Entry {
  /// - Parameter owner: the file before this one that holds the same skill.
  fileprivate init(
    _ candidate: SkillCandidate, in file: String, owner: String?, _ decisions: SkillDecisions, _ kept: [KeptBuild],
    _ grants: GrantTable
  ) {
    let manifest = candidate.manifest
    let rollback = decisions.rollbacks[manifest.id].flatMap { $0.from == candidate.hash ? $0 : nil }
    let target = rollback.flatMap { rollback in kept.first { $0.hash == rollback.to } }
    let isDisabled = decisions.disabled.contains(manifest.id)
    let detail =
      owner.map { "the skill is in '\($0)' already" }
      ?? rollback.map { "rolled back to \(target?.version ?? $0.to); drop a new build to go forward" }
    self.init(
      skill: manifest.id, file: file, state: isDisabled ? "disabled" : owner == nil ? "ready" : "refused",
      version: target?.version ?? manifest.version, build: nil, offered: candidate.hash, detail: detail, isTrusted: false,
      signer: nil, tools: manifest.tools.map { SkillReport.ToolEntry($0, of: manifest.id, grants: grants) })
  }
}
