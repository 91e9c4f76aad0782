import Core
import Logging
import Synchronization

extension SkillHost {
  /// Brings what the folders of skills say about their use up to date.
  func readInstructions(besides files: [String]) async {
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
  func withdrawUnsigned(_ folder: inout FolderLedger) -> [SkillBuild] {
    let rule = signatureRule
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
}
