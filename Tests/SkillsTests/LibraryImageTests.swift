import Core
import Foundation
import Testing

@testable import Skills

@Suite("Reading a library without running it")
struct LibraryImageTests {
  private func refusal(_ library: [UInt8]) -> SkillRefusal? {
    do throws(SkillRefusal) {
      _ = try SkillManifest(library: library)
      return nil
    } catch {
      return error
    }
  }

  @Test("a library that is right is read")
  func right() throws {
    let manifest = try SkillManifest(library: LibraryBuilder().bytes)
    #expect(manifest.id == "org.example.sum")
    #expect(manifest.tools.first?.effect == .write)
  }

  @Test("a note that tools left outside the segments is found by its section")
  func section() throws {
    var library = LibraryBuilder()
    library.noteInSegment = false
    #expect(try SkillManifest(library: library.bytes).id == "org.example.sum")
  }

  @Test("a note behind those of others is found")
  func foreignNote() throws {
    var library = LibraryBuilder()
    library.foreignNote = true
    #expect(try SkillManifest(library: library.bytes).id == "org.example.sum")
  }

  struct Fault: CustomTestStringConvertible, Sendable {
    let testDescription: String
    let code: SkillRefusal.Code
    let words: String
    let change: @Sendable (inout LibraryBuilder) -> Void

    init(_ name: String, _ code: SkillRefusal.Code, _ words: String, _ change: @escaping @Sendable (inout LibraryBuilder) -> Void)
    {
      testDescription = name
      self.code = code
      self.words = words
      self.change = change
    }
  }

  static let faults: [Fault] = [
    Fault("32-bit", .notALibrary, "64-bit") { $0.elfClass = 1 },
    Fault("big-endian", .notALibrary, "little-endian") { $0.encoding = 2 },
    Fault("object file", .notALibrary, "-shared") { $0.type = 1 },
    Fault("executable", .notALibrary, "-shared") { $0.type = 2 },
    Fault("other machine", .notALibrary, "another machine") { $0.machine = 40 },
    Fault("writable code", .unsafeImage, "writable and executable") { $0.loadFlags = 7 },
    Fault("executable stack", .unsafeImage, "noexecstack") { $0.stackFlags = 7 },
    Fault("no stack header", .unsafeImage, "noexecstack") { $0.stackFlags = nil },
    Fault("RPATH", .unsafeImage, "RPATH") { $0.dynamicTags = [(15, 1)] },
    Fault("RUNPATH", .unsafeImage, "RUNPATH") { $0.dynamicTags = [(29, 1)] },
    Fault("AUXILIARY", .unsafeImage, "AUXILIARY") { $0.dynamicTags = [(0x7fff_fffd, 1)] },
    Fault("text relocations", .unsafeImage, "-fPIC") { $0.dynamicTags = [(22, 0)] },
    Fault("text relocation flag", .unsafeImage, "-fPIC") { $0.dynamicTags = [(30, 4)] },
    Fault("library", .unsafeImage, "'libcurl.so.4'") { $0.needed = ["libc.so.6", "libcurl.so.4"] },
    Fault("program", .notALibrary, "PIE") { $0.dynamicTags = [(0x6fff_fffb, 0x0800_0001)] },
    Fault("FILTER", .unsafeImage, "FILTER") { $0.dynamicTags = [(0x7fff_ffff, 1)] },
    Fault("AUDIT", .unsafeImage, "AUDIT") { $0.dynamicTags = [(0x6fff_fefc, 1)] },
    Fault("DEPAUDIT", .unsafeImage, "DEPAUDIT") { $0.lateTags = [(0x6fff_fefb, 1)] },
    Fault("library by path", .unsafeImage, "'./libc.so.6'") { $0.needed = ["./libc.so.6"] },
    Fault("library by origin", .unsafeImage, "'$ORIGIN/libc.so.6'") { $0.needed = ["$ORIGIN/libc.so.6"] },
    Fault("library without a name", .unsafeImage, "''") { $0.needed = [""] },
    Fault("library with a line break", .notALibrary, "malformed name") { $0.needed = ["libc.so.6\nok"] },
    Fault("note in two segments", .manifest, "more than one") { library in
      let offset = UInt64(64 + 56 * 5)
      library.segments = [.init(kind: 4, offset: offset, address: offset, fileSize: 300, memorySize: 300)]
    },
    Fault("no note", .manifest, ".note.openclaw.skill") { $0.owner = "somebody\0" },
    Fault("other note type", .manifest, ".note.openclaw.skill") { $0.noteType = 1 },
    Fault("two notes", .manifest, "more than one") { $0.notes = 2 },
    Fault("long manifest", .manifest, "at most 65536") { $0.manifest = String(repeating: " ", count: 65_540) },
    Fault("no symbol", .manifest, "'sum'") { $0.symbols = [] },
    Fault("undefined symbol", .manifest, "'sum'") { $0.symbols[0].section = 0 },
    Fault("data symbol", .manifest, "'sum'") { $0.symbols[0].info = 0x11 },
    Fault("local symbol", .manifest, "'sum'") { $0.symbols[0].info = 0x02 },
    Fault("hidden symbol", .manifest, "'sum'") { $0.symbols[0].visibility = 2 },
  ]

  /// Headers that glibc would follow to other bytes than this host, had it not refused them.
  static let ambiguities: [Fault] = [
    Fault("second dynamic section", .notALibrary, "more than one dynamic section") {
      $0.segments = [.init(kind: 2, offset: 64, address: 64, fileSize: 64, memorySize: 64)]
    },
    Fault("dynamic section elsewhere in memory", .notALibrary, "dynamic section is not where") { $0.dynamicAddress = 64 },
    Fault("dynamic section outside memory", .notALibrary, "dynamic section is not where") { $0.dynamicAddress = 1 << 40 },
    Fault("dynamic section without an end", .notALibrary, "has no end") { $0.endsDynamic = false },
    Fault("second stack header", .notALibrary, "more than one stack header") {
      $0.segments = [.init(kind: 0x6474_e551, flags: 6)]
    },
    Fault("second stack header, executable", .unsafeImage, "noexecstack") {
      $0.segments = [.init(kind: 0x6474_e551, flags: 7)]
    },
    Fault("segment over another", .notALibrary, "overlap") {
      $0.segments = [.init(kind: 1, fileSize: 64, memorySize: 64)]
    },
    Fault("segments that share a page", .notALibrary, "overlap") {
      $0.segments = [.init(kind: 1, flags: 6, offset: 8, address: 8, memorySize: 8)]
    },
    Fault("segment that is not aligned", .notALibrary, "aligned") {
      $0.segments = [.init(kind: 1, offset: 8, address: 1 << 20, fileSize: 8, memorySize: 8)]
    },
    Fault("segment larger in the file", .notALibrary, "larger in the file") {
      $0.segments = [.init(kind: 1, address: 1 << 20, fileSize: 64, memorySize: 32)]
    },
    Fault("segment around the end of memory", .notALibrary, "beyond all memory") {
      $0.segments = [.init(kind: 1, address: UInt64.max - (1 << 20) + 1, memorySize: 1 << 21)]
    },
    Fault("segment beyond addresses", .notALibrary, "beyond all memory") {
      $0.segments = [.init(kind: 1, address: 1 << 63, memorySize: 64)]
    },
    Fault("strings past their segment", .notALibrary, "string table") { $0.lateTags = [(10, 1 << 40)] },
    Fault("strings that wrap around", .notALibrary, "string table") { $0.lateTags = [(10, UInt64.max)] },
    Fault("strings given twice", .notALibrary, "other symbols") { library in
      library.needed = []
      library.lateTags = [(5, 64)]
    },
    Fault("symbols given twice", .notALibrary, "other symbols") { $0.lateTags = [(6, 64)] },
    Fault("program headers elsewhere", .notALibrary, "program headers") {
      $0.segments = [.init(kind: 6, offset: 64, address: 128, fileSize: 56, memorySize: 56)]
    },
  ]

  @Test("a library with one thing wrong is refused and told which", arguments: faults + ambiguities)
  func wrong(_ fault: Fault) {
    var library = LibraryBuilder()
    fault.change(&library)
    let refusal = refusal(library.bytes)
    #expect(refusal?.code == fault.code)
    #expect(refusal?.message.contains(fault.words) == true, "\(refusal?.message ?? "accepted")")
  }

  @Test("a text that does not end soon is no name", arguments: [(1024, true), (1025, false)])
  func longText(_ length: Int, _ isName: Bool) {
    let bytes = [UInt8](repeating: UInt8(ascii: "a"), count: length) + [0]
    #expect(bytes.withUnsafeBytes { ImageBytes($0).text(at: 0)?.utf8.count } == (isName ? length : nil))
  }

  @Test("a library cut at any length is incomplete")
  func cut() {
    let bytes = LibraryBuilder().bytes
    for length in 0..<bytes.count { #expect(refusal(Array(bytes[..<length]))?.code == .incomplete, "cut at \(length)") }
  }

  @Test("a real library cut at any length is incomplete")
  func cutReal() throws {
    let bytes = try SkillFixtures.bytes(SkillFixtures.example("echo"))
    #expect(refusal(bytes) == nil)
    for length in stride(from: 0, to: bytes.count, by: 7) {
      #expect(refusal(Array(bytes[..<length]))?.code == .incomplete, "cut at \(length)")
    }
    #expect(refusal(Array(bytes.dropLast()))?.code == .incomplete)
  }

  @Test("any single byte may be anything: no crash, and a verdict", arguments: [0x00, 0x7f, 0xff] as [UInt8])
  func corrupted(_ value: UInt8) {
    let bytes = LibraryBuilder().bytes
    var refused = 0
    for index in bytes.indices {
      var copy = bytes
      copy[index] = value
      if refusal(copy) != nil { refused += 1 }
    }
    #expect(refused > 0)
  }

  @Test("text that is no library is not one", arguments: ["#!/bin/sh\n", "hello", "PK\u{3}\u{4}"])
  func text(_ text: String) {
    #expect(refusal(Array(text.utf8))?.code == .notALibrary)
  }

  @Test(
    "the fixtures are judged by their files alone",
    arguments: [
      ("no_manifest", ".note.openclaw.skill"), ("missing_symbol", "exports no function"), ("read_scope", "write scope"),
    ])
  func fixtures(_ name: String, _ words: String) throws {
    let refusal = refusal(try SkillFixtures.bytes(SkillFixtures.fixture(name)))
    #expect(refusal?.code == .manifest)
    #expect(refusal?.message.contains(words) == true, "\(refusal?.message ?? "accepted")")
  }
}
