extension ELFImage {
  /// A symbol that the library offers to others.
  struct Export {
    let name: String
    let isFunction: Bool
    /// One for the whole process, however often the library is loaded (`STB_GNU_UNIQUE`).
    let isUnique: Bool
  }

  /// What the dynamic symbol table defines and does not hide.
  var exports: [Export] {
    guard let section = sections.first(where: { $0.kind == Section.dynamicSymbols }), Int(section.link) < sections.count,
      let symbols = contents(of: section), let strings = contents(of: sections[Int(section.link)])
    else { return [] }
    var found: [Export] = []
    var position: UInt64 = 0
    while let symbol = symbols.slice(at: position, count: 24) {
      position += 24
      guard let offset = symbol.integer(UInt32.self, at: 0), let info = symbol.integer(UInt8.self, at: 4),
        let visibility = symbol.integer(UInt8.self, at: 5), let owner = symbol.integer(UInt16.self, at: 6),
        owner != 0, [1, 2, 10].contains(info >> 4), visibility & 3 == 0 || visibility & 3 == 3,
        let name = strings.text(at: UInt64(offset))
      else { continue }
      found.append(Export(name: name, isFunction: info & 0xf == 2, isUnique: info >> 4 == 10))
    }
    return found
  }
}
