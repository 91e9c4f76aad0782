import Core
import Logging
import Synchronization

extension SkillHost {
  /// The operator's decisions as the host has taken them in.
  struct TakenDecisions: Sendable {
    /// Nil when they could never be read: then nothing is served.
    var inForce: SkillDecisions?
    /// Why the file as it is now is not in force.
    var problem: String?
    /// Grows with every change of what is in force.
    var revision = 0
    /// Digest of those with which the folder was last looked at.
    var looked: String?
  }

  /// Reads the decisions, and takes them in if they can be read. Whether something changed.
  func readDecisions() async -> Bool {
    let file = SkillDecisionsFile(data: configuration.data)
    let outcome = await reader.run { () -> Result<SkillDecisions, SkillDecisionsError> in
      do throws(SkillDecisionsError) {
        return .success(try file.read())
      } catch {
        return .failure(error)
      }
    }
    switch outcome {
    case .success(let decisions): return await takeIn(decisions)
    case .failure(let error): return refuseDecisions(error)
    }
  }

  private func takeIn(_ decisions: SkillDecisions) async -> Bool {
    let (before, problem) = state.withLock { ($0.decisions.inForce, $0.decisions.problem) }
    guard decisions != before || problem != nil else { return false }
    state.withLock { state in
      state.decisions.inForce = decisions
      state.decisions.problem = nil
      state.decisions.revision += 1
      if !hasFixedGrants { state.routing.grants = GrantTable(decisions.grants) }
    }
    if before == nil || problem != nil { logger.info("skill_decisions_read", metadata: ["digest": .string(decisions.digest)]) }
    await witness(decisions)
    return true
  }

  /// Tells what was decided since the host last told it, also while no host ran.
  private func witness(_ decisions: SkillDecisions) async {
    let applied = SkillDecisionsFile(path: SkillFolder(data: configuration.data).appliedDecisions)
    let (earlier, failure) = await reader.run { () -> (SkillDecisions, String?) in
      let earlier = (try? applied.read()) ?? SkillDecisions()
      guard earlier != decisions else { return (earlier, nil) }
      do throws(SkillDecisionsError) {
        try applied.write(decisions)
        return (earlier, nil)
      } catch {
        return (earlier, error.description)
      }
    }
    if let failure { logger.warning("skill_decisions_not_noted", metadata: ["reason": .string(failure)]) }
    for event in decisions.changes(since: earlier) {
      logger.notice(
        "skill_decision",
        metadata: [
          "decision": .string(event.kind.rawValue), "skill": .string(event.skill ?? ""), "subject": .string(event.subject ?? ""),
        ])
      onEvent(event)
    }
  }

  private func refuseDecisions(_ error: SkillDecisionsError) -> Bool {
    let isNews = state.withLock { state in
      defer { state.decisions.problem = error.description }
      return state.decisions.problem != error.description
    }
    guard isNews else { return false }
    logger.error("skill_decisions_refused", metadata: ["code": .string(error.code.rawValue), "reason": "\(error)"])
    onEvent(SkillEvent(.decisionsRefused, reason: error.code.rawValue))
    return true
  }

  /// Stops serving the skills that are switched off.
  func withdrawDisabled() -> [SkillBuild] {
    state.withLock { state in
      guard let decisions = state.decisions.inForce else { return [] }
      var withdrawn: [SkillBuild] = []
      for (name, build) in state.routing.builds where decisions.disabled.contains(build.manifest.id) {
        withdrawn += state.routing.install(nil, for: name)
      }
      return withdrawn
    }
  }

  /// The kept build that is to be served in the place of the offered one; nil when it is the offered one that is to be served.
  ///
  /// - Parameter skill: the id of the offered build; nil when it could not be told.
  func replacement(of offered: String, skill: String?) async throws(SkillRefusal) -> SkillCandidate? {
    let rollbacks = state.withLock { $0.decisions.inForce?.rollbacks ?? [:] }
    let decided = rollbacks.first { id, rollback in rollback.from == offered && (skill ?? id) == id }
    guard let (id, rollback) = decided else { return nil }
    let path = archive.path(of: rollback.to)
    let outcome = await reader.run { [limits = configuration.limits] in
      SkillCandidate.read(path, knownHash: nil, limits: limits)
    }
    let reason: String
    switch outcome {
    case .candidate(let kept) where kept.hash == rollback.to && kept.manifest.id == id: return kept
    case .candidate: reason = "its bytes have changed"
    case .refused(let refusal, _): reason = refusal.message
    case .unchanged: reason = "it was not read"
    }
    throw SkillRefusal(
      .notKept,
      "rolled back to \(rollback.to.prefix(12)), which is not there any more (\(reason)): "
        + "'openclaw skill rollback \(id) --undo' or drop a new build")
  }

  /// Keeps a build that has just begun to serve. What goes wrong is told and changes nothing.
  func keep(_ candidate: SkillCandidate, from file: String) {
    let build = KeptBuild(hash: candidate.hash, version: candidate.manifest.version, file: file, time: clock.now())
    let pinned = state.withLock { Set(($0.decisions.inForce?.rollbacks ?? [:]).values.flatMap { [$0.from, $0.to] }) }
    files.enqueue { [archive, logger, image = candidate.image, skill = candidate.manifest.id] in
      do throws(SkillRefusal) {
        try archive.keep(image, of: skill, as: build, pinned: pinned)
      } catch {
        logger.warning("skill_not_kept", metadata: ["skill": .string(skill), "reason": .string(error.message)])
      }
    }
  }
}
