package import Core

/// What skills bring and may ask for, told from the files alone.
package enum OfferedTools {
  /// The tools of all libraries in the plug-in folder that can be read; the first file of a skill counts. No code of a skill runs.
  /// Blocks.
  package static func read(plugins: String, limits: SkillLimits = SkillLimits()) -> [Tool] {
    var skills: Set<String> = []
    return (FolderListing.read(plugins)?.files ?? [:]).keys.sorted().flatMap { file -> [Tool] in
      guard case .candidate(let candidate) = SkillCandidate.read("\(plugins)/\(file)", knownHash: nil, limits: limits),
        skills.insert(candidate.manifest.id).inserted
      else { return [] }
      return candidate.manifest.tools.map { $0.tool(skill: candidate.manifest.id, build: candidate.hash) }
    }
  }

  /// Names of everything that a skill can ask of the host.
  package static let capabilities = Capability.allCases.map(\.rawValue).sorted()
}
