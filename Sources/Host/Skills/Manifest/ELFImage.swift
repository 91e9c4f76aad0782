/// The headers of a 64-bit shared library, read without mapping or running anything of it.
struct ELFImage {
  struct Segment {
    enum Kind {
      static let load: UInt32 = 1
      static let dynamic: UInt32 = 2
      static let note: UInt32 = 4
      static let programHeaders: UInt32 = 6
      static let stack: UInt32 = 0x6474_e551
    }

    let kind: UInt32
    let flags: UInt32
    let offset: UInt64
    let address: UInt64
    let fileSize: UInt64
    let memorySize: UInt64
    let alignment: UInt64

    var isExecutable: Bool { flags & 1 != 0 }
    var isWritable: Bool { flags & 2 != 0 }
  }

  struct Section {
    static let dynamicSymbols: UInt32 = 11

    let name: UInt32
    let kind: UInt32
    let offset: UInt64
    let size: UInt64
    let link: UInt32

    /// Whether the file holds its contents: not so for memory that begins as zeros, and for the empty first entry.
    var isInFile: Bool { kind != 8 && kind != 0 }
  }

  static let magic: [UInt8] = [0x7f, 0x45, 0x4c, 0x46]

  #if arch(x86_64)
    static let machine: UInt16 = 62
    static let machineName = "x86-64"
  #elseif arch(arm64)
    static let machine: UInt16 = 183
    static let machineName = "aarch64"
  #endif

  let bytes: ImageBytes
  let segments: [Segment]
  let sections: [Section]
  private let sectionNames: UInt16

  /// Reads the headers and checks that everything they speak of is there.
  ///
  /// Linkers write the section table last, so a copy that was cut anywhere is `incomplete`.
  init(_ bytes: ImageBytes) throws(SkillRefusal) {
    self.bytes = bytes
    try Self.checkIdentity(bytes)
    segments = try Self.readSegments(bytes)
    sections = try Self.readSections(bytes)
    sectionNames = bytes.integer(at: 62) ?? 0
    let rest = bytes.count - end
    guard rest >= UInt64(SkillSignature.size) || !SkillSignature.isBegun(by: bytes.slice(at: end, count: rest)?.array ?? [])
    else {
      throw Self.incomplete("the file ends inside its signature")
    }
  }

  /// Where everything that the headers speak of ends.
  var end: UInt64 {
    let tables = [
      (bytes.integer(UInt64.self, at: 32) ?? 0) + UInt64(segments.count) * 56,
      (bytes.integer(UInt64.self, at: 40) ?? 0) + UInt64(sections.count) * 64,
    ]
    // All of these lie inside the file, so none of the sums overflows.
    let contents = segments.map { $0.offset + $0.fileSize } + sections.filter(\.isInFile).map { $0.offset + $0.size }
    return (tables + contents).max() ?? 0
  }

  private static func checkIdentity(_ bytes: ImageBytes) throws(SkillRefusal) {
    let present = min(bytes.count, UInt64(magic.count))
    guard bytes.starts(with: magic.prefix(Int(present))) else {
      throw SkillRefusal(.notALibrary, "not an ELF file: a skill is a shared library")
    }
    guard bytes.count >= 64 else { throw incomplete("the file ends inside the ELF header") }
    guard bytes.integer(UInt8.self, at: 4) == 2, bytes.integer(UInt8.self, at: 5) == 1 else {
      throw SkillRefusal(.notALibrary, "not a 64-bit little-endian ELF file")
    }
    guard bytes.integer(UInt16.self, at: 16) == 3 else {
      throw SkillRefusal(.notALibrary, "not a shared library (ELF type must be DYN): link with -shared")
    }
    guard let machine = bytes.integer(UInt16.self, at: 18), machine == Self.machine else {
      throw SkillRefusal(.notALibrary, "built for another machine: this host is \(machineName)")
    }
  }

  private static func readSegments(_ bytes: ImageBytes) throws(SkillRefusal) -> [Segment] {
    let count = UInt64(bytes.integer(UInt16.self, at: 56) ?? 0)
    guard bytes.integer(UInt16.self, at: 54) == 56, (1...128).contains(count) else {
      throw SkillRefusal(.notALibrary, "malformed program header table")
    }
    guard let table = bytes.slice(at: bytes.integer(at: 32) ?? 0, count: count * 56) else {
      throw incomplete("the file ends before the program header table")
    }
    var segments: [Segment] = []
    for index in 0..<count {
      let start = index * 56
      guard
        let kind = table.integer(UInt32.self, at: start), let flags = table.integer(UInt32.self, at: start + 4),
        let offset = table.integer(UInt64.self, at: start + 8), let address = table.integer(UInt64.self, at: start + 16),
        let size = table.integer(UInt64.self, at: start + 32), let memory = table.integer(UInt64.self, at: start + 40),
        let alignment = table.integer(UInt64.self, at: start + 48)
      else { throw SkillRefusal(.notALibrary, "malformed program header table") }
      guard bytes.slice(at: offset, count: size) != nil else { throw incomplete("the file ends inside a segment") }
      segments.append(
        Segment(
          kind: kind, flags: flags, offset: offset, address: address, fileSize: size, memorySize: memory, alignment: alignment))
    }
    return segments
  }

  private static func readSections(_ bytes: ImageBytes) throws(SkillRefusal) -> [Section] {
    let count = UInt64(bytes.integer(UInt16.self, at: 60) ?? 0)
    guard count > 0, bytes.integer(UInt16.self, at: 58) == 64, let start = bytes.integer(UInt64.self, at: 40) else {
      throw SkillRefusal(.notALibrary, "no section header table: strip may remove symbols, not the section headers")
    }
    guard let table = bytes.slice(at: start, count: count * 64) else {
      throw incomplete("the file ends before the section header table")
    }
    var sections: [Section] = []
    for index in 0..<count {
      let start = index * 64
      guard
        let name = table.integer(UInt32.self, at: start), let kind = table.integer(UInt32.self, at: start + 4),
        let offset = table.integer(UInt64.self, at: start + 24), let size = table.integer(UInt64.self, at: start + 32),
        let link = table.integer(UInt32.self, at: start + 40)
      else { throw SkillRefusal(.notALibrary, "malformed section header table") }
      let section = Section(name: name, kind: kind, offset: offset, size: size, link: link)
      guard !section.isInFile || bytes.slice(at: offset, count: size) != nil else {
        throw incomplete("the file ends inside a section")
      }
      sections.append(section)
    }
    return sections
  }

  private static func incomplete(_ message: String) -> SkillRefusal {
    SkillRefusal(.incomplete, message)
  }

  func contents(of segment: Segment) -> ImageBytes? {
    bytes.slice(at: segment.offset, count: segment.fileSize)
  }

  func contents(of section: Section) -> ImageBytes? {
    section.isInFile ? bytes.slice(at: section.offset, count: section.size) : nil
  }

  func section(named name: String) -> Section? {
    guard Int(sectionNames) < sections.count, let names = contents(of: sections[Int(sectionNames)]) else { return nil }
    return sections.first { names.text(at: UInt64($0.name)) == name }
  }
}
