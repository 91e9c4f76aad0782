import Core
import Foundation
import Testing

@testable import Skills

@Suite("What linkers make", .timeLimit(.minutes(5)))
struct LinkedLibraryTests {
  private static let source = """
    #include "openclaw_skill.h"
    OC_SKILL_MANIFEST(OC_JSON({"abi": [1, 0], "id": "org.example.sum", "version": "1.0.0",
      "tools": [{"name": "sum", "symbol": "sum", "effect": "read", "call": "i32(a:i32)"}]}));
    static int initial[64] = {1}, zeros[9000];
    OC_EXPORT int32_t sum(int32_t a) { return a + initial[a & 63] + zeros[a & 63]; }
    #ifdef TEXT_RELOCATION
    __asm__(".text\\n.quad sum\\n");
    #endif
    int main(void) { return 0; }
    """

  private func build(_ flags: [String]) throws -> [UInt8] {
    let folder = try SkillFixtures.temporaryFolder()
    defer { try? FileManager.default.removeItem(at: folder) }
    let source = folder.appending(path: "sum.c")
    try Data(Self.source.utf8).write(to: source)
    let output = folder.appending(path: "sum.so")
    let result = try SkillFixtures.run(
      [
        "clang", "-fPIC", "-I", SkillFixtures.root.appending(path: "Sources/SkillABI/include").path, source.path, "-o",
        output.path,
      ] + flags)
    #expect(result.status == 0, "\(result.text)")
    return try SkillFixtures.bytes(output)
  }

  private func refusal(_ library: [UInt8]) -> SkillRefusal? {
    do throws(SkillRefusal) { _ = try SkillManifest(library: library) } catch { return error }
    return nil
  }

  @Test(
    "every way to link a library that is in use gives one that is read",
    arguments: [
      [], ["-Wl,-s"], ["-fuse-ld=bfd", "-Wl,-z,noseparate-code"], ["-fuse-ld=bfd", "-Wl,-z,separate-code"], ["-Wl,-z,norelro"],
      ["-Wl,-z,now"],
      ["-Wl,-z,max-page-size=65536"], ["-Wl,--hash-style=sysv"], ["-Wl,--build-id"], ["-g"], ["-Wl,--gc-sections", "-O2"],
      ["-fuse-ld=lld"], ["-fuse-ld=lld", "-Wl,--pack-dyn-relocs=relr"], ["-fuse-ld=lld", "-Wl,-z,separate-loadable-segments"],
      ["-fuse-ld=lld", "-Wl,-z,noseparate-code", "-Wl,-z,norelro"], ["-fuse-ld=gold"], ["-fuse-ld=bfd"],
    ])
  func accepted(_ flags: [String]) throws {
    let refusal = refusal(try build(["-shared"] + flags))
    #expect(refusal == nil, "\(flags): \(refusal?.message ?? "")")
  }

  @Test(
    "what a linker is asked to do wrong is refused and told how to mend",
    arguments: [
      (["-shared", "-Wl,-z,execstack"], "noexecstack"), (["-shared", "-Wl,-rpath,/tmp"], "PATH"),
      (["-shared", "-Wl,-rpath,/tmp,--disable-new-dtags"], "RPATH"), (["-shared", "-Wl,--auxiliary,libx.so"], "AUXILIARY"),
      (["-shared", "-Wl,--filter,libx.so"], "FILTER"), (["-shared", "-Wl,-z,notext", "-DTEXT_RELOCATION"], "-fPIC"),
      (["-pie"], "PIE"), (["-no-pie"], "-shared"), (["-c"], "-shared"),
    ])
  func refused(_ flags: [String], _ words: String) throws {
    let message = refusal(try build(flags))?.message
    #expect(message?.contains(words) == true, "\(message ?? "accepted")")
  }

  @Test("a manifest that objcopy adds as a section is found")
  func objcopy() throws {
    let folder = try SkillFixtures.temporaryFolder()
    defer { try? FileManager.default.removeItem(at: folder) }
    var note: [UInt8] = []
    let manifest = Array(LibraryBuilder().manifest.replacing("\"sum\"", with: "\"nothing\"").utf8)
    note.appendInteger(UInt32(9))
    note.appendInteger(UInt32(manifest.count))
    note.appendInteger(UInt32(0x4f43_5331))
    note += Array("openclaw\0\0\0\0".utf8) + manifest
    let section = folder.appending(path: "note")
    try Data(note).write(to: section)
    let output = folder.appending(path: "added.so")
    let result = try SkillFixtures.run(
      [
        "objcopy", "--add-section", ".note.openclaw.skill=\(section.path)", SkillFixtures.fixture("no_manifest").path,
        output.path,
      ])
    #expect(result.status == 0, "\(result.text)")
    #expect(refusal(try SkillFixtures.bytes(output))?.message == "the library exports no function named 'nothing'")
  }
}
