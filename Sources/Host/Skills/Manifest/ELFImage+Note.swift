import SkillLoader

extension ELFImage {
  private static let owner = Array(OC_NOTE_OWNER.utf8) + [0]
  private static let manifestLimit = UInt64(OC_MANIFEST_MAX)

  /// The bytes of the manifest: from the note segments, else from the section of that name, which is where tools that
  /// add a note to a finished library, or move notes about, leave it.
  func manifestBytes() throws(SkillRefusal) -> [UInt8] {
    var found: [ImageBytes] = []
    for segment in segments where segment.kind == Segment.Kind.note {
      guard let notes = contents(of: segment) else { continue }
      found += manifests(in: notes, alignment: segment.alignment == 8 ? 8 : 4)
    }
    if found.isEmpty, let section = section(named: OC_NOTE_SECTION), let notes = contents(of: section) {
      found = manifests(in: notes, alignment: 4)
    }
    guard let manifest = found.first else {
      throw SkillRefusal(.manifest, "no manifest: the library has no note '\(OC_NOTE_SECTION)'")
    }
    guard found.count == 1 else { throw SkillRefusal(.manifest, "more than one manifest note") }
    guard manifest.count <= Self.manifestLimit else {
      throw SkillRefusal(.manifest, "the manifest is \(manifest.count) bytes long, at most \(Self.manifestLimit) are allowed")
    }
    // A C string literal brings its terminator along.
    let text = manifest.array
    return Array(text.prefix((text.lastIndex { $0 != 0 } ?? -1) + 1))
  }

  private func manifests(in notes: ImageBytes, alignment: UInt64) -> [ImageBytes] {
    var found: [ImageBytes] = []
    var position: UInt64 = 0
    while let ownerSize = notes.integer(UInt32.self, at: position), let size = notes.integer(UInt32.self, at: position + 4),
      let type = notes.integer(UInt32.self, at: position + 8),
      let owner = notes.slice(at: position + 12, count: UInt64(ownerSize))
    {
      // 32-bit sizes added to an offset inside the file cannot overflow 64 bits.
      let start = (position + 12 + UInt64(ownerSize)).roundedUp(to: alignment)
      guard let text = notes.slice(at: start, count: UInt64(size)) else { break }
      if type == OC_NOTE_TYPE, owner.array == Self.owner { found.append(text) }
      position = (start + UInt64(size)).roundedUp(to: alignment)
    }
    return found
  }
}

extension UInt64 {
  fileprivate func roundedUp(to alignment: UInt64) -> UInt64 {
    (self + alignment - 1) / alignment * alignment
  }
}
