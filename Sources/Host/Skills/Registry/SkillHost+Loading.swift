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
    // Before the loads, so that what they leave free can be taken.
    var retired = withdrawDisabled() + withdrawUnsigned(&folder)
    let missing = Set(folder.forget(missingFrom: listing))
    var names = folder.filesToRead(in: listing)[...]
    while !names.isEmpty {
      retired += await load(names.prefix(Self.wave), listing, missing, &folder)
      names = names.dropFirst(Self.wave)
    }
    // After the loads, so that a skill that moved to another file name is served all the time.
    for name in missing.sorted() {
      let removed = state.withLock { state in
        state.files[name] = nil
        return state.routing.install(nil, for: name)
      }
      for build in removed {
        logger.info("skill_removed", metadata: ["skill": .string(build.manifest.id), "file": .string(name)])
        onEvent(
          SkillEvent(.removed, skill: build.manifest.id, build: build.hash, version: build.manifest.version, file: name))
      }
      retired += removed
    }
    return retired
  }

  /// Files that are dealt with side by side, so that images in memory are bounded.
  private static let wave = 64

  /// One file after reading.
  private struct Look: Sendable {
    let name: String
    let stamp: FileStamp
    let readAt: Timestamp
    let began: ContinuousClock.Instant
    let outcome: SkillCandidate.Outcome

    var manifest: SkillManifest? {
      if case .candidate(let candidate) = outcome { candidate.manifest } else { nil }
    }
  }

  /// What became of one file.
  private enum Verdict: Sendable {
    case unchanged
    case served(hash: String, retired: [SkillBuild])
    case refused(SkillRefusal, hash: String?, SkillManifest?)
  }

  /// Reads files side by side and serves side by side those that cannot be in each other's way; the others follow one after the
  /// other, so that the order of their names alone decides which of them is served.
  private func load(
    _ names: ArraySlice<String>, _ listing: [String: FileStamp], _ missing: Set<String>, _ folder: inout FolderLedger
  ) async -> [SkillBuild] {
    let known = folder
    let files = names.enumerated().compactMap { index, name in listing[name].map { (index, name, $0) } }
    let looks = await sideBySide(files, limit: Self.width) { [self] index, name, stamp in
      let began = ContinuousClock.now
      let readAt = WallClock.system.now()
      let path = "\(configuration.plugins)/\(name)"
      let outcome = await readers[index % readers.count].run { [limits = configuration.limits] in
        SkillCandidate.read(path, knownHash: known.knownHash(of: name), limits: limits)
      }
      return Look(name: name, stamp: stamp, readAt: readAt, began: began, outcome: outcome)
    }
    var claimed: Set<String> = []
    let isFree = looks.map { look in
      let claims = look.manifest.map { ["skill \($0.id)"] + $0.tools.map { "tool \($0.name)" } } ?? []
      defer { claimed.formUnion(claims) }
      return claimed.isDisjoint(with: claims)
    }
    let free = zip(looks, isFree).filter(\.1).map(\.0)
    var verdicts = await sideBySide(free, limit: Self.width) { [self] in ($0, await judge($0, missing)) }
    for (look, isFree) in zip(looks, isFree) where !isFree { verdicts.append((look, await judge(look, missing))) }
    var retired: [SkillBuild] = []
    for (look, verdict) in verdicts.sorted(by: { $0.0.name < $1.0.name }) { retired += settle(look, verdict, &folder) }
    return retired
  }

  private func judge(_ look: Look, _ missing: Set<String>) async -> Verdict {
    do throws(SkillRefusal) {
      switch look.outcome {
      case .unchanged: return .unchanged
      case .candidate(let offered):
        return .served(hash: offered.hash, retired: try await serve(offered, from: look.name, missing, look.began))
      case .refused(let refusal, let hash):
        guard let hash, let kept = try await replacement(of: hash, skill: nil) else { return .refused(refusal, hash: hash, nil) }
        let place = Place(file: look.name, offered: hash, replaces: String(hash.prefix(12)))
        return .served(hash: hash, retired: try await serve(kept, in: place, missing, look.began))
      }
    } catch {
      let hash: String? = if case .candidate(let candidate) = look.outcome { candidate.hash } else { nil }
      return .refused(error, hash: hash, look.manifest)
    }
  }

  /// Notes what became of a file, in the ledger and for the operator.
  private func settle(_ look: Look, _ verdict: Verdict, _ folder: inout FolderLedger) -> [SkillBuild] {
    switch verdict {
    case .unchanged:
      folder.noteUnchanged(look.name, look.stamp, readAt: look.readAt, now: .now)
      return []
    case .served(let hash, let retired):
      folder.note(look.name, look.stamp, readAt: look.readAt, hash: hash, refusal: nil, now: .now)
      return retired
    case .refused(let refusal, let hash, let manifest):
      refuse(look.name, refusal, hash: hash, manifest, &folder)
      folder.note(
        look.name, look.stamp, readAt: look.readAt, hash: refusal.isLasting ? hash : nil, refusal: refusal, now: .now)
      return []
    }
  }

  /// Where a candidate is to be served.
  private struct Place: Sendable {
    let file: String
    /// The hash of what the file holds.
    let offered: String
    /// The version of what the file holds, when a kept build is served instead.
    var replaces: String?
  }

  /// Serves what a file offers, or what the operator wants in its place.
  private func serve(
    _ offered: SkillCandidate, from file: String, _ missing: Set<String>, _ began: ContinuousClock.Instant
  ) async throws(SkillRefusal) -> [SkillBuild] {
    let manifest = offered.manifest
    let decisions = state.withLock(\.decisions)
    guard let inForce = decisions.inForce else {
      throw SkillRefusal(.undecided, "nothing is served before the decisions can be read: \(decisions.problem ?? "")")
    }
    guard !inForce.disabled.contains(manifest.id) else {
      return state.withLock { state in
        state.files[file] = FileStatus(
          name: manifest.id, version: manifest.version, offered: offered.hash, isDisabled: true)
        // Another skill may have been there until now.
        return state.routing.install(nil, for: file)
      }
    }
    var place = Place(file: file, offered: offered.hash)
    guard let kept = try await replacement(of: offered.hash, skill: manifest.id) else {
      let retired = try await serve(offered, in: place, missing, began)
      keep(offered, from: file)
      return retired
    }
    place.replaces = manifest.version
    return try await serve(kept, in: place, missing, began)
  }

  /// Proves that the candidate loads, then puts it in the place of what the file served so far.
  private func serve(
    _ candidate: SkillCandidate, in place: Place, _ missing: Set<String>, _ began: ContinuousClock.Instant
  ) async throws(SkillRefusal) -> [SkillBuild] {
    let (manifest, name) = (candidate.manifest, place.file)
    let status = FileStatus(
      name: manifest.id, version: manifest.version, offered: place.offered, replaces: place.replaces)
    let (collision, served) = state.withLock { state in
      (state.routing.collision(of: manifest, in: name, leaving: missing), state.routing.builds[name])
    }
    if let collision { throw collision }
    try signatureRule.check(candidate.signature, isTrusted: configuration.trustedBuilds.contains(candidate.hash))
    // An old file copied back over a refused one: it is being served all along.
    if let served, served.hash == candidate.hash {
      state.withLock { $0.files[name] = status }
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
      state.files[name] = status
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
    onEvent(SkillEvent(.loaded, skill: manifest.id, build: candidate.hash, version: manifest.version, file: name))
    return replaced
  }

  private func refuse(
    _ name: String, _ refusal: SkillRefusal, hash: String?, _ manifest: SkillManifest?, _ folder: inout FolderLedger
  ) {
    let isOld = folder.refusal(of: name) == refusal
    let isStillCopied =
      refusal.code == .incomplete && folder.incompleteTime(of: name, now: .now) < configuration.limits.incompleteAge
    state.withLock {
      $0.files[name] = FileStatus(name: manifest?.id, refusal: refusal, version: manifest?.version, offered: hash)
    }
    guard !isStillCopied, !isOld || refusal.code == .incomplete else { return }
    logger.warning(
      "skill_refused",
      metadata: ["file": .string(name), "code": .string(refusal.code.rawValue), "reason": .string(refusal.message)])
    guard refusal.code != .incomplete else { return }
    onEvent(
      SkillEvent(
        .refused, skill: manifest?.id, build: hash, version: manifest?.version, file: name, reason: refusal.code.rawValue))
  }
}
