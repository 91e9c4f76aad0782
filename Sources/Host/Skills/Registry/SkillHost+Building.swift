import Core
import Logging

extension SkillHost {
  /// A build of the candidate, with no copy of it started yet.
  func makeBuild(_ candidate: SkillCandidate) -> SkillBuild {
    let isTrusted = configuration.trustedBuilds.contains(candidate.hash)
    let log = SkillLog(logger: logger, skill: candidate.manifest.id, files: logFiles)
    let effects = Set(candidate.manifest.tools.map(\.effect))
    let pools: [(Effect, InstancePool)]
    if isTrusted {
      // One library in one process: reads and writes take turns on its one thread.
      let pool = makePool(candidate, slots: 1, start: trustedStart(candidate, log))
      pools = effects.map { ($0, pool) }
    } else {
      pools = effects.map { effect in
        let widest = candidate.manifest.tools.filter { $0.effect == effect }.map(\.concurrency).max() ?? 1
        let slots = min(widest, configuration.limits.concurrency)
        return (effect, makePool(candidate, slots: slots, start: isolatedStart(candidate, log)))
      }
    }
    return SkillBuild(
      candidate.manifest, hash: candidate.hash, isTrusted: isTrusted, signature: candidate.signature, log: log,
      pools: Dictionary(pools, uniquingKeysWith: { first, _ in first }))
  }

  private func makePool(_ candidate: SkillCandidate, slots: Int, start: @escaping InstancePool.Start) -> InstancePool {
    InstancePool(
      build: candidate.hash, slots: slots, maximumWaiting: configuration.limits.queueLength,
      queueLimit: configuration.limits.queueTime, ledger: ledger, start: start)
  }

  private func isolatedStart(_ candidate: SkillCandidate, _ log: SkillLog) -> InstancePool.Start {
    {
      [
        runners, budget = configuration.limits.start, ledger, logger, image = candidate.image, hash = candidate.hash,
        skill = candidate.manifest.id
      ]
      () async throws(SkillRefusal) -> any SkillInstance in
      try await runners.start(image, budget: budget, log: log) { end in
        switch end {
        case .crashed(let reason), .violated(let reason):
          log.note(reason, level: .error)
          ledger.record(reason, of: hash)
          logger.error("skill_crashed", metadata: ["skill": .string(skill), "build": .string(hash), "reason": .string(reason)])
        case .overdue:
          log.note("killed past its deadline", level: .warning)
          logger.warning("skill_killed", metadata: ["skill": .string(skill), "build": .string(hash)])
        case .stopped: break
        }
      }
    }
  }

  private func trustedStart(_ candidate: SkillCandidate, _ log: SkillLog) -> InstancePool.Start {
    { [data = configuration.data, image = candidate.image] () async throws(SkillRefusal) -> any SkillInstance in
      try await TrustedSkill.open(image, directory: SkillFolder(data: data).trusted, log: log)
    }
  }
}
