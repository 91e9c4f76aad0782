extension ELFImage {
  /// Libraries that the runner has loaded before it confines itself; a skill may link these and no others.
  static let allowedLibraries: Set<String> = [
    "libc.so.6", "libm.so.6", "libdl.so.2", "libpthread.so.0", "librt.so.1", "libgcc_s.so.1", "libstdc++.so.6",
    "ld-linux-x86-64.so.2", "ld-linux-aarch64.so.1",
  ]

  private enum DynamicTag {
    static let end: UInt64 = 0
    static let needed: UInt64 = 1
    static let stringTable: UInt64 = 5
    static let stringTableSize: UInt64 = 10
    static let textRelocations: UInt64 = 22
    static let flags: UInt64 = 30
    /// Tags that make the loader look for files in places the skill chooses.
    static let searching: [UInt64: String] = [
      15: "RPATH", 29: "RUNPATH", 0x6fff_fefb: "DEPAUDIT", 0x6fff_fefc: "AUDIT", 0x7fff_fffd: "AUXILIARY",
      0x7fff_ffff: "FILTER",
    ]
  }

  /// Refuses what the loader would do for the image that no skill may ask for.
  func checkSafety() throws(SkillRefusal) {
    for segment in segments where segment.kind == Segment.Kind.load && segment.isWritable && segment.isExecutable {
      throw SkillRefusal(.unsafeImage, "a segment is writable and executable")
    }
    // Without the header glibc makes the stack executable.
    guard let stack = segments.first(where: { $0.kind == Segment.Kind.stack }), !stack.isExecutable else {
      throw SkillRefusal(.unsafeImage, "asks for an executable stack: link with -z noexecstack")
    }
    try checkDynamicSection()
  }

  private func checkDynamicSection() throws(SkillRefusal) {
    guard
      let dynamic = segments.first(where: { $0.kind == Segment.Kind.dynamic }),
      let offset = fileOffset(ofAddress: dynamic.address),
      let table = bytes.slice(at: offset, count: dynamic.fileSize)
    else { throw SkillRefusal(.notALibrary, "no dynamic section") }
    var needed: [UInt64] = []
    var stringsAddress: UInt64 = 0
    var stringsSize: UInt64 = 0
    var position: UInt64 = 0
    while let tag = table.integer(UInt64.self, at: position), let value = table.integer(UInt64.self, at: position + 8),
      tag != DynamicTag.end
    {
      position += 16
      if let name = DynamicTag.searching[tag] {
        throw SkillRefusal(.unsafeImage, "carries \(name): a skill may not choose where libraries come from")
      }
      switch tag {
      case DynamicTag.needed: needed.append(value)
      case DynamicTag.stringTable: stringsAddress = value
      case DynamicTag.stringTableSize: stringsSize = value
      case DynamicTag.textRelocations: throw textRelocations
      case DynamicTag.flags where value & 4 != 0: throw textRelocations
      default: break
      }
    }
    guard let offset = fileOffset(ofAddress: stringsAddress), let strings = bytes.slice(at: offset, count: stringsSize) else {
      throw SkillRefusal(.notALibrary, "malformed dynamic string table")
    }
    for offset in needed {
      guard let name = strings.text(at: offset) else {
        throw SkillRefusal(.notALibrary, "malformed name of a needed library")
      }
      guard Self.allowedLibraries.contains(name) else {
        throw SkillRefusal(
          .unsafeImage,
          "needs library '\(name.prefix(80))': link it statically; allowed are \(Self.allowedLibraries.sorted().joined(separator: ", "))"
        )
      }
    }
  }

  private var textRelocations: SkillRefusal {
    SkillRefusal(.unsafeImage, "has text relocations: compile with -fPIC")
  }

  /// Which of `names` the library does not export as functions, sorted.
  func missingFunctions(among names: Set<String>) -> [String] {
    var missing = names
    // A library has one such table.
    guard let section = sections.first(where: { $0.kind == Section.dynamicSymbols }), Int(section.link) < sections.count,
      let symbols = contents(of: section), let strings = contents(of: sections[Int(section.link)])
    else { return missing.sorted() }
    var position: UInt64 = 0
    while !missing.isEmpty, let symbol = symbols.slice(at: position, count: 24) {
      position += 24
      if let name = exportedFunction(symbol, strings) { missing.remove(name) }
    }
    return missing.sorted()
  }

  private func exportedFunction(_ symbol: ImageBytes, _ strings: ImageBytes) -> String? {
    guard
      let name = symbol.integer(UInt32.self, at: 0), let info = symbol.integer(UInt8.self, at: 4),
      let visibility = symbol.integer(UInt8.self, at: 5), let section = symbol.integer(UInt16.self, at: 6)
    else { return nil }
    let isFunction = info & 0xf == 2
    let isGlobalOrWeak = info >> 4 == 1 || info >> 4 == 2
    let isDefaultOrProtected = visibility & 3 == 0 || visibility & 3 == 3
    guard isFunction, isGlobalOrWeak, isDefaultOrProtected, section != 0 else { return nil }
    return strings.text(at: UInt64(name))
  }
}
