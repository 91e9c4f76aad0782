import Core
import Logging
import Synchronization

extension SkillHost {
  /// Looks at the folder once and brings what is served up to date. The builds that are not served any more.
  func scan(_ folder: inout FolderLedger) async -> [SkillBuild] {
    let path = configuration.plugins
    guard let contents = await reader.run({ FolderListing.read(path) }) else {
      logger.warning("plugins_unreadable", metadata: ["path": .string(path)])
      return []
    }
    if contents.ignoredFolders > 0 {
      logger.warning("plugins_too_many", metadata: ["path": .string(path), "ignored_folders": "\(contents.ignoredFolders)"])
    }
    let listing = contents.files
    await readInstructions(besides: listing.keys.sorted())
    var retired = withdrawUnsigned(&folder)
    let missing = Set(folder.forget(missingFrom: listing))
    for name in folder.filesToRead(in: listing) {
      guard let stamp = listing[name] else { continue }
      retired += await load(name, stamp, missing, &folder)
    }
    // After the loads, so that a skill that moved to another file name is served all the time.
    for name in missing.sorted() {
      let removed = state.withLock { state in
        state.files[name] = nil
        return state.routing.install(nil, for: name)
      }
      for build in removed {
        logger.info("skill_removed", metadata: ["skill": .string(build.manifest.id), "file": .string(name)])
      }
      retired += removed
    }
    return retired
  }

  private func readInstructions(besides files: [String]) async {
    let (shelf, changed) = await reader.run { [shelf = state.withLock(\.shelf), path = configuration.plugins] in
      var shelf = shelf
      let changed = shelf.refresh(besides: files, in: path, now: WallClock.system.now())
      return (shelf, changed)
    }
    state.withLock { $0.shelf = shelf }
    for folder in changed {
      switch shelf.content(beside: folder + "/") {
      case .success(let instructions)?:
        logger.info("skill_instructions", metadata: ["folder": .string(folder), "name": .string(instructions.name)])
      case .failure(let failure)?:
        logger.warning("skill_instructions_refused", metadata: ["folder": .string(folder), "reason": .string(failure.reason)])
      case nil: break
      }
    }
  }

  /// Stops serving what was signed with a key that is not trusted any more, where a signature is demanded.
  private func withdrawUnsigned(_ folder: inout FolderLedger) -> [SkillBuild] {
    let rule = configuration.signatureRule
    var withdrawn: [SkillBuild] = []
    for (name, build) in state.withLock({ $0.routing.builds }) {
      do throws(SkillRefusal) {
        try rule.check(build.signature, isTrusted: build.isTrusted)
      } catch {
        folder.readAgain(name)
        withdrawn += state.withLock { $0.routing.install(nil, for: name) }
      }
    }
    return withdrawn
  }

  private func load(
    _ name: String, _ stamp: FileStamp, _ missing: Set<String>, _ folder: inout FolderLedger
  ) async -> [SkillBuild] {
    let began = ContinuousClock.now
    let path = "\(configuration.plugins)/\(name)"
    let readAt = WallClock.system.now()
    let outcome = await reader.run { [limits = configuration.limits, knownHash = folder.knownHash(of: name)] in
      SkillCandidate.read(path, knownHash: knownHash, limits: limits)
    }
    switch outcome {
    case .unchanged:
      folder.noteUnchanged(name, stamp, readAt: readAt, now: .now)
      return []
    case .refused(let refusal, let hash):
      refuse(name, refusal, skill: nil, &folder)
      folder.note(name, stamp, readAt: readAt, hash: refusal.isLasting ? hash : nil, refusal: refusal, now: .now)
      return []
    case .candidate(let candidate):
      do throws(SkillRefusal) {
        let retired = try await serve(candidate, from: name, missing, began)
        folder.note(name, stamp, readAt: readAt, hash: candidate.hash, refusal: nil, now: .now)
        return retired
      } catch {
        refuse(name, error, skill: candidate.manifest.id, &folder)
        folder.note(name, stamp, readAt: readAt, hash: error.isLasting ? candidate.hash : nil, refusal: error, now: .now)
        return []
      }
    }
  }

  /// Proves that the candidate loads, then puts it in the place of what the file served so far.
  private func serve(
    _ candidate: SkillCandidate, from name: String, _ missing: Set<String>, _ began: ContinuousClock.Instant
  ) async throws(SkillRefusal) -> [SkillBuild] {
    let manifest = candidate.manifest
    let (collision, served) = state.withLock { state in
      (state.routing.collision(of: manifest, in: name, leaving: missing), state.routing.builds[name])
    }
    if let collision { throw collision }
    try configuration.signatureRule.check(
      candidate.signature, isTrusted: configuration.trustedBuilds.contains(candidate.hash))
    // An old file copied back over a refused one: it is being served all along.
    if let served, served.hash == candidate.hash {
      state.withLock { $0.files[name] = FileStatus() }
      return []
    }
    let history = ledger.history(of: candidate.hash)
    guard !history.isQuarantined else {
      throw SkillRefusal(.quarantined, "quarantined after \(history.tolerance.limit) crashes; last: \(history.lastFault ?? "")")
    }
    let build = makeBuild(candidate)
    do throws(SkillRefusal) {
      try await build.prove()
    } catch {
      if error.isSkillsFault { ledger.record(error.message, of: candidate.hash) }
      throw error
    }
    let replaced = state.withLock { state in
      state.files[name] = FileStatus()
      let leaving = missing.filter { state.routing.builds[$0]?.manifest.id == manifest.id }
      return state.routing.install(build, for: name, leaving: leaving)
    }
    logger.info(
      "skill_loaded",
      metadata: [
        "skill": .string(manifest.id), "file": .string(name), "version": .string(manifest.version),
        "replaces": .string(replaced.first?.manifest.version ?? "nothing"), "build": .string(candidate.hash),
        "trusted": "\(build.isTrusted)", "took": "\(began.duration(to: .now))",
      ])
    return replaced
  }

  private func refuse(_ name: String, _ refusal: SkillRefusal, skill: String?, _ folder: inout FolderLedger) {
    let isOld = folder.refusal(of: name) == refusal
    let isStillCopied =
      refusal.code == .incomplete && folder.incompleteTime(of: name, now: .now) < configuration.limits.incompleteAge
    state.withLock { $0.files[name] = FileStatus(name: skill, refusal: refusal) }
    guard !isStillCopied, !isOld || refusal.code == .incomplete else { return }
    logger.warning(
      "skill_refused",
      metadata: ["file": .string(name), "code": .string(refusal.code.rawValue), "reason": .string(refusal.message)])
  }

  private func makeBuild(_ candidate: SkillCandidate) -> SkillBuild {
    let isTrusted = configuration.trustedBuilds.contains(candidate.hash)
    let log = SkillLog(logger: logger, skill: candidate.manifest.id)
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
      candidate.manifest, hash: candidate.hash, isTrusted: isTrusted, signature: candidate.signature,
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
          ledger.record(reason, of: hash)
          logger.error("skill_crashed", metadata: ["skill": .string(skill), "build": .string(hash), "reason": .string(reason)])
        case .overdue: logger.warning("skill_killed", metadata: ["skill": .string(skill), "build": .string(hash)])
        case .stopped: break
        }
      }
    }
  }

  private func trustedStart(_ candidate: SkillCandidate, _ log: SkillLog) -> InstancePool.Start {
    { [data = configuration.data, image = candidate.image] () async throws(SkillRefusal) -> any SkillInstance in
      try await TrustedSkill.open(image, directory: "\(data)/skills", log: log)
    }
  }
}
