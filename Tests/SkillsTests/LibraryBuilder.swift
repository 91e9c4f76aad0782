import Foundation

@testable import Skills

/// Makes the bytes of a small shared library that is right in everything but what a test turns wrong.
struct LibraryBuilder {
  var manifest =
    #"{"abi":[1,0],"id":"org.example.sum","version":"1.0.0","tools":[{"name":"sum","symbol":"sum","call":"i32(a:i32)"}]}"#
  var owner = "openclaw\0"
  var noteType: UInt32 = 0x4f43_5331
  var noteInSegment = true
  var notes = 1
  var symbols: [Symbol] = [Symbol(name: "sum")]
  var needed = ["libc.so.6"]
  var dynamicTags: [(UInt64, UInt64)] = []
  var loadFlags: UInt32 = 5
  var stackFlags: UInt32? = 6
  var type: UInt16 = 3
  var machine = ELFImage.machine
  var elfClass: UInt8 = 2
  var encoding: UInt8 = 1
  /// Behind the string and symbol tables.
  var lateTags: [(UInt64, UInt64)] = []
  var endsDynamic = true
  /// Further program headers.
  var segments: [Segment] = []
  /// Where the dynamic section claims to be in memory; nil for the truth.
  var dynamicAddress: UInt64?
  /// A note of somebody else's before ours.
  var foreignNote = false

  struct Segment {
    var kind: UInt32
    var flags: UInt32 = 4
    var offset: UInt64 = 0
    var address: UInt64 = 0
    var fileSize: UInt64 = 0
    var memorySize: UInt64 = 0
  }

  struct Symbol {
    var name: String
    /// Global function.
    var info: UInt8 = 0x12
    var visibility: UInt8 = 0
    var section: UInt16 = 1
  }

  var bytes: [UInt8] {
    var strings: [UInt8] = [0]
    let neededOffsets = needed.map { Self.add($0, &strings) }
    let symbolOffsets = symbols.map { Self.add($0.name, &strings) }
    var names: [UInt8] = [0]
    let sectionNames = [".dynsym", ".dynstr", ".note.openclaw.skill", ".shstrtab"].map { Self.add($0, &names) }

    let phnum = 3 + (stackFlags == nil ? 0 : 1) + segments.count
    var body: [UInt8] = []
    let base = 64 + 56 * phnum
    func place(_ part: [UInt8]) -> (offset: UInt64, size: UInt64) {
      while (base + body.count) % 8 != 0 { body.append(0) }
      defer { body += part }
      return (UInt64(base + body.count), UInt64(part.count))
    }
    let foreign = foreignNote ? Self.note(owner: "GNU\0", type: 3, text: "01234567") : []
    let note = place(foreign + (0..<notes).flatMap { _ in Self.note(owner: owner, type: noteType, text: manifest) })
    let dynstr = place(strings)
    var table = [UInt8](repeating: 0, count: 24)
    for (symbol, offset) in zip(symbols, symbolOffsets) {
      table.appendInteger(UInt32(offset))
      table += [symbol.info, symbol.visibility]
      table.appendInteger(symbol.section)
      table += [UInt8](repeating: 0, count: 16)
    }
    let dynsym = place(table)
    var dynamic: [UInt8] = []
    let tables: [(UInt64, UInt64)] = [(5, dynstr.offset), (6, dynsym.offset), (10, dynstr.size)]
    let end: [(UInt64, UInt64)] = endsDynamic ? [(0, 0)] : []
    for (tag, value) in neededOffsets.map({ (1, UInt64($0)) }) + dynamicTags + tables + lateTags + end {
      dynamic.appendInteger(UInt64(tag))
      dynamic.appendInteger(value)
    }
    let dynamicPlace = place(dynamic)
    let shstrtab = place(names)
    let sections = place([])

    var file: [UInt8] = ELFImage.magic + [elfClass, encoding, 1] + [UInt8](repeating: 0, count: 9)
    file.appendInteger(type)
    file.appendInteger(machine)
    file.appendInteger(UInt32(1))
    for word in [0, 64, sections.offset] { file.appendInteger(UInt64(word)) }
    file.appendInteger(UInt32(0))
    for half in [64, 56, phnum, 64, 5, 4] { file.appendInteger(UInt16(half)) }
    let total = sections.offset + 5 * 64
    file += Self.segment(1, loadFlags, (0, total))
    file += Self.segment(2, 6, dynamicPlace, address: dynamicAddress)
    file += Self.segment(noteInSegment ? 4 : 0, 4, note)
    if let stackFlags { file += Self.segment(0x6474_e551, stackFlags, (0, 0)) }
    for segment in segments {
      file.appendInteger(segment.kind)
      file.appendInteger(segment.flags)
      for word in [segment.offset, segment.address, segment.address, segment.fileSize, segment.memorySize, 4096] {
        file.appendInteger(word)
      }
    }
    file += body
    file += [UInt8](repeating: 0, count: 64)
    let kinds: [(UInt32, (offset: UInt64, size: UInt64), UInt32)] = [
      (11, dynsym, 2), (3, dynstr, 0), (7, note, 0), (3, shstrtab, 0),
    ]
    for (name, (kind, place, link)) in zip(sectionNames, kinds) {
      file.appendInteger(UInt32(name))
      file.appendInteger(kind)
      for word in [0, 0, place.offset, place.size] { file.appendInteger(UInt64(word)) }
      file.appendInteger(link)
      file += [UInt8](repeating: 0, count: 20)
    }
    return file
  }

  private static func note(owner: String, type: UInt32, text: String) -> [UInt8] {
    var note: [UInt8] = []
    note.appendInteger(UInt32(owner.utf8.count))
    note.appendInteger(UInt32(text.utf8.count))
    note.appendInteger(type)
    for part in [owner, text] { note += Array(part.utf8) + [UInt8](repeating: 0, count: (4 - part.utf8.count % 4) % 4) }
    return note
  }

  private static func segment(
    _ kind: UInt32, _ flags: UInt32, _ place: (offset: UInt64, size: UInt64), address: UInt64? = nil
  ) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.appendInteger(kind)
    bytes.appendInteger(flags)
    let address = address ?? place.offset
    for word in [place.offset, address, address, place.size, place.size, 4] { bytes.appendInteger(word) }
    return bytes
  }

  private static func add(_ text: String, _ table: inout [UInt8]) -> Int {
    defer { table += Array(text.utf8) + [0] }
    return table.count
  }
}

extension SkillManifest {
  init(library: [UInt8]) throws(SkillRefusal) {
    let outcome: Result<SkillManifest, SkillRefusal> = library.withUnsafeBytes { buffer in
      do throws(SkillRefusal) {
        return .success(try SkillManifest(ofImage: ImageBytes(buffer)))
      } catch {
        return .failure(error)
      }
    }
    self = try outcome.get()
  }
}
