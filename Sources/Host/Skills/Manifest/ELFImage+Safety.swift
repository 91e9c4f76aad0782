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
    static let symbolTable: UInt64 = 6
    static let stringTableSize: UInt64 = 10
    static let textRelocations: UInt64 = 22
    static let flags: UInt64 = 30
    static let moreFlags: UInt64 = 0x6fff_fffb
    /// Tags that make the loader look for files in places the skill chooses.
    static let searching: [UInt64: String] = [
      15: "RPATH", 29: "RUNPATH", 0x6fff_fefa: "CONFIG", 0x6fff_fefb: "DEPAUDIT", 0x6fff_fefc: "AUDIT",
      0x7fff_fffd: "AUXILIARY", 0x7fff_ffff: "FILTER",
    ]
  }

  /// What the dynamic section says.
  private struct DynamicSection {
    /// Offsets of names in the string table.
    var needed: [UInt64] = []
    var strings: (address: UInt64, size: UInt64) = (0, 0)
    var symbols: UInt64 = 0
  }

  /// Refuses what the loader would do for the image that no skill may ask for.
  func checkSafety() throws(SkillRefusal) {
    for segment in segments where segment.kind == Segment.Kind.load && segment.isWritable && segment.isExecutable {
      throw SkillRefusal(.unsafeImage, "a segment is writable and executable")
    }
    let stacks = segments.filter { $0.kind == Segment.Kind.stack }
    // Without the header glibc makes the stack executable.
    guard !stacks.isEmpty, !stacks.contains(where: \.isExecutable) else {
      throw SkillRefusal(.unsafeImage, "asks for an executable stack: link with -z noexecstack")
    }
    try checkLayout()
    let dynamic = try readDynamicSection()
    for name in try neededLibraries(dynamic) where !Self.allowedLibraries.contains(name) {
      let allowed = Self.allowedLibraries.sorted().joined(separator: ", ")
      throw SkillRefusal(.unsafeImage, "needs library '\(name.prefix(80))': link it statically; allowed are \(allowed)")
    }
    try checkSymbolTables(dynamic)
  }

  /// The libraries that the loader would load with this one, in its order.
  var neededLibraries: [String] {
    get throws(SkillRefusal) { try neededLibraries(readDynamicSection()) }
  }

  private func readDynamicSection() throws(SkillRefusal) -> DynamicSection {
    guard let segment = segments.last(where: { $0.kind == Segment.Kind.dynamic }) else {
      throw SkillRefusal(.notALibrary, "no dynamic section")
    }
    guard let offset = fileOffset(ofAddress: segment.address, count: segment.fileSize), offset == segment.offset,
      let table = bytes.slice(at: offset, count: segment.fileSize)
    else { throw malformed("the dynamic section is not where it says") }
    var section = DynamicSection()
    var position: UInt64 = 0
    while let tag = table.integer(UInt64.self, at: position), let value = table.integer(UInt64.self, at: position + 8) {
      position += 16
      if let name = DynamicTag.searching[tag] {
        throw SkillRefusal(.unsafeImage, "carries \(name): a skill may not choose where libraries come from")
      }
      switch tag {
      case DynamicTag.end: return section
      case DynamicTag.needed: section.needed.append(value)
      case DynamicTag.stringTable: section.strings.address = value
      case DynamicTag.stringTableSize: section.strings.size = value
      case DynamicTag.symbolTable: section.symbols = value
      case DynamicTag.textRelocations: throw textRelocations
      case DynamicTag.flags where value & 4 != 0: throw textRelocations
      case DynamicTag.moreFlags where value & 0x0800_0000 != 0:
        throw SkillRefusal(.notALibrary, "a program (PIE), not a library: link with -shared")
      default: break
      }
    }
    // The loader reads on until it finds one.
    throw malformed("the dynamic section has no end")
  }

  private func neededLibraries(_ dynamic: DynamicSection) throws(SkillRefusal) -> [String] {
    guard let offset = fileOffset(ofAddress: dynamic.strings.address, count: dynamic.strings.size),
      let strings = bytes.slice(at: offset, count: dynamic.strings.size)
    else { throw SkillRefusal(.notALibrary, "malformed dynamic string table") }
    var names: [String] = []
    for offset in dynamic.needed {
      guard let name = strings.text(at: offset), !name.unicodeScalars.contains(where: \.breaksLines) else {
        throw SkillRefusal(.notALibrary, "malformed name of a needed library")
      }
      names.append(name)
    }
    return names
  }

  /// The section table, which says what is exported, must speak of the tables that the loader uses.
  private func checkSymbolTables(_ dynamic: DynamicSection) throws(SkillRefusal) {
    guard let section = sections.first(where: { $0.kind == Section.dynamicSymbols }), Int(section.link) < sections.count else {
      return
    }
    let pairs = [(section, dynamic.symbols), (sections[Int(section.link)], dynamic.strings.address)]
    for (section, address) in pairs {
      guard fileOffset(ofAddress: address, count: section.size) == section.offset else {
        throw malformed("the section table speaks of other symbols than the dynamic section")
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
