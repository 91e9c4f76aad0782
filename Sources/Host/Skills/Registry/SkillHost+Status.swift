package import Core
import Glibc
import Synchronization

extension SkillHost {
  package func status() -> [SkillStatus] {
    let (entries, problem) = snapshot()
    let skills = entries.map { entry in
      SkillStatus(
        name: entry.skill, file: entry.file, version: entry.version, build: entry.build,
        state: SkillStatus.State(rawValue: entry.state) ?? .refused, detail: entry.detail, signer: entry.signer)
    }
    guard let problem else { return skills }
    return skills + [
      SkillStatus(
        name: "decisions", file: "decisions.json", version: nil, build: nil, state: .refused, detail: problem)
    ]
  }

  /// Everything that is known now, for the command line.
  package func report() -> SkillReport {
    let (entries, problem) = snapshot()
    return SkillReport(
      process: Int(getpid()), time: clock.now(), decisions: state.withLock(\.decisions.looked), problem: problem, skills: entries)
  }

  /// Has `status.json` brought up to date soon.
  func requestStatus() {
    statusFile.request { [weak self] in self?.report() }
  }

  private func snapshot() -> (entries: [SkillReport.Entry], problem: String?) {
    let state = state.withLock(\.self)
    let decisions = state.decisions
    let problem = decisions.problem.map { problem in
      decisions.inForce == nil ? "no skill is served: \(problem)" : "the last good decisions stay in force: \(problem)"
    }
    let entries = state.files.sorted { $0.key < $1.key }.map { file, status in
      state.routing.builds[file].map { entry(of: $0, file, status, state) } ?? Self.entry(of: file, status)
    }
    return (entries, problem)
  }

  private static func entry(of file: String, _ status: FileStatus) -> SkillReport.Entry {
    let state: SkillStatus.State =
      switch status.refusal?.code {
      case .incomplete: .waiting
      case .quarantined: .quarantined
      case nil where status.isDisabled: .disabled
      default: .refused
      }
    return SkillReport.Entry(
      skill: status.name ?? file, file: file, state: state.rawValue, version: status.version, build: nil, offered: status.offered,
      detail: status.refusal?.message, isTrusted: false, signer: nil, tools: [])
  }

  private func entry(
    of build: SkillBuild, _ file: String, _ status: FileStatus, _ state: State
  ) -> SkillReport.Entry {
    let manifest = build.manifest
    let history = ledger.history(of: build.hash)
    let rule = signatureRule
    let tools = manifest.tools.map { SkillReport.ToolEntry($0, of: manifest.id, grants: state.routing.grants) }
    let update = status.refusal.map { "a new file is not served: \($0.message)" }
    let crash = history.lastFault.map { "last crash: \($0)" }
    let rollback = status.replaces.map { "rolled back from \($0); drop a new build to go forward" }
    let waiting = tools.filter { !$0.waiting.isEmpty }
    let grant =
      waiting.isEmpty
      ? nil
      : "waiting for a grant: \(waiting.map(\.name).joined(separator: ", ")); see 'openclaw skill grant \(manifest.id)'"
    let remarks = [
      update ?? crash ?? (build.isTrusted ? "trusted: runs inside the host process" : nil), rollback, grant,
      rule.description(of: build.signature), state.shelf.description(beside: file),
    ].compactMap(\.self)
    return SkillReport.Entry(
      skill: manifest.id, file: file,
      state: (history.isQuarantined ? SkillStatus.State.quarantined : .loaded).rawValue, version: manifest.version,
      build: build.hash, offered: status.offered ?? build.hash, detail: remarks.isEmpty ? nil : remarks.joined(separator: "; "),
      isTrusted: build.isTrusted, signer: build.signature.flatMap { rule.name(of: $0.key) }, tools: tools)
  }
}
