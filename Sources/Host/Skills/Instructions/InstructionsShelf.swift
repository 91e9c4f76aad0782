import Core

/// The instructions of all skill folders, read again when their files change and independent of the libraries beside them.
struct InstructionsShelf: Sendable {
  private struct Entry: Sendable {
    let stamp: FileStamp
    let isSettled: Bool
    let content: Result<SkillInstructions, SkillInstructions.Failure>
  }

  /// By folder.
  private var entries: [String: Entry] = [:]

  /// What the folder of this library file holds; nil when it has no `SKILL.md`, or when the file is in no folder.
  func content(beside file: String) -> Result<SkillInstructions, SkillInstructions.Failure>? {
    Self.folder(of: file).flatMap { entries[$0]?.content }
  }

  /// For status: `instructions: weather, 2.1 KiB`, or what is wrong with them.
  func description(beside file: String) -> String? {
    switch content(beside: file) {
    case nil: nil
    case .success(let instructions)?: "instructions: \(instructions.overview)"
    case .failure(let failure)?: "\(SkillInstructions.fileName) is not used: \(failure.reason)"
    }
  }

  /// Looks at the folders of `files` and reads what changed. The folders whose instructions are new or wrong now. Blocks.
  mutating func refresh(besides files: some Sequence<String>, in plugins: String, now: Timestamp) -> [String] {
    var changed: [String] = []
    var found: [String: Entry] = [:]
    for folder in Set(files.compactMap(Self.folder)) {
      let path = "\(plugins)/\(folder)/\(SkillInstructions.fileName)"
      guard let stamp = FileStamp(of: path) else { continue }
      let known = entries[folder]
      if let known, known.stamp == stamp, known.isSettled {
        found[folder] = known
        continue
      }
      let content: Result<SkillInstructions, SkillInstructions.Failure>
      do throws(SkillInstructions.Failure) {
        content = .success(try SkillInstructions(file: path))
      } catch {
        content = .failure(error)
      }
      found[folder] = Entry(stamp: stamp, isSettled: stamp.isSettled(at: now), content: content)
      if known?.content != content { changed.append(folder) }
    }
    entries = found
    return changed.sorted()
  }

  private static func folder(of file: String) -> String? {
    file.firstIndex(of: "/").map { String(file[..<$0]) }
  }
}
