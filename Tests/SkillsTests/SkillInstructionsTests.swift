import Core
import Foundation
import Synchronization
import Testing

@testable import Skills

@Suite("SKILL.md")
struct SkillInstructionsTests {
  private func failure(_ text: String) -> String? {
    do throws(SkillInstructions.Failure) { _ = try SkillInstructions(parsing: Array(text.utf8)) } catch { return error.reason }
    return nil
  }

  @Test(
    "the head is read, the rest is the text",
    arguments: [
      ("---\nname: weather\ndescription: Tells the weather\n---\n\n# Use\n\nAsk.\n", "Tells the weather", "# Use\n\nAsk."),
      ("\u{feff}---\r\nname: weather\r\ndescription: 'It''s: fine'\r\n---\r\nx", "It's: fine", "x"),
      ("---\nlicense: MIT\nname: \"weather\"\ndescription: >\n  Two\n  lines\nmetadata:\n  a: [1, 2]\n---\nx", "Two lines", "x"),
      ("---\n# remark\nname: weather\ndescription: |\n  Two\n\n  lines\n---\n---\nx", "Two lines", "---\nx"),
      ("---\nname: weather\ndescription:\n  indented\nallowed-tools:\n- a\n- b\n---\nx", "indented", "x"),
    ])
  func right(_ text: String, _ description: String, _ body: String) throws {
    let instructions = try SkillInstructions(parsing: Array(text.utf8))
    #expect(instructions == SkillInstructions(name: "weather", description: description, text: body))
  }

  @Test(
    "what is wrong is named",
    arguments: [
      ("", "line 1"), ("# Weather\n", "line 1"), ("---\nname: weather\n", "no end"),
      ("---\nname: weather\n---\nx", "lacks 'description'"), ("---\ndescription: x\n---\nx", "lacks 'name'"),
      ("---\nname: Weather\ndescription: x\n---\nx", "lower-case words"),
      ("---\nname: a--b\ndescription: x\n---\nx", "lower-case words"),
      ("---\nname: a b\ndescription: x\n---\nx", "lower-case words"),
      ("---\nname: \(String(repeating: "a", count: 65))\ndescription: x\n---\nx", "at most 64"),
      ("---\nname: a\ndescription: \(String(repeating: "b", count: 1025))\n---\nx", "1 to 1024"),
      ("---\nname: a\ndescription: ''\n---\nx", "1 to 1024"),
      ("---\nname: a\nname: b\ndescription: x\n---\nx", "line 3: 'name' is given twice"),
      ("---\nname a\ndescription: x\n---\nx", "line 2: must be 'key: value'"),
      ("---\nname: [a]\ndescription: x\n---\nx", "line 2: 'name' must be text"),
      ("---\nname: &a b\ndescription: x\n---\nx", "must be text"),
      ("---\nname: a\ndescription: one: two\n---\nx", "line 3: 'description' is not valid YAML"),
      ("---\nname: a\ndescription:\n  - one\n---\nx", "must be text"),
      ("---\nname: a\ndescription: x\n---\n\n\n", "nothing follows"),
      ("---\nname: a\ndescription: x\n---\na\u{1b}[2J", "control characters"),
      ("---\nname: a\ndescription: x\n---\n\(String(repeating: "a", count: 65_537))", "at most 65536"),
    ])
  func wrong(_ text: String, _ words: String) {
    #expect(failure(text)?.contains(words) == true, "\(failure(text) ?? "accepted")")
  }

  @Test("bytes that are no UTF-8 are refused")
  func encoding() {
    #expect(throws: SkillInstructions.Failure.self) { try SkillInstructions(parsing: [0x2d, 0x2d, 0x2d, 0x0a, 0xff]) }
  }

  @Test("any prefix and any single byte give a verdict")
  func damaged() {
    let bytes = Array("---\nname: weather\ndescription: >\n  Tells *the* weather\n---\nAsk.\n".utf8)
    for length in bytes.indices { _ = try? SkillInstructions(parsing: Array(bytes[..<length])) }
    for index in bytes.indices {
      for value in "&*!|>{[\"'\n:# -".utf8 {
        var copy = bytes
        copy[index] = value
        _ = try? SkillInstructions(parsing: copy)
      }
    }
  }

  @Test("a size is told in KiB", arguments: [(0, "0.0"), (1024, "1.0"), (2150, "2.1"), (65_536, "64.0")])
  func size(_ bytes: Int, _ words: String) {
    let instructions = SkillInstructions(name: "a", description: "", text: String(repeating: "x", count: bytes))
    #expect(instructions.overview == "a, \(words) KiB")
  }
}

@Suite("Skills in folders", .timeLimit(.minutes(5)))
struct FolderSkillTests {
  private static let text = "---\nname: echo\ndescription: Repeats\n---\nUse it to repeat."

  @Test("a library in a folder is served, with the instructions beside it")
  func served() async throws {
    try await SkillHostHarness.run([]) { harness in
      try harness.write(Self.text, to: "parrot/SKILL.md")
      try harness.copy(SkillFixtures.example("echo"), as: "parrot/echo.so")
      await harness.until { $0.tool(named: "echo") != nil }
      #expect(harness.status("parrot/echo.so")?.detail == "instructions: echo, 0.0 KiB")
      #expect(harness.host.instructions.map(\.text) == ["Use it to repeat."])
      #expect(try await harness.call("echo", ["text": "here"]) == "here")
    }
  }

  @Test("a change of SKILL.md alone is seen, and the library is not loaded again; a bad one harms nobody")
  func change() async throws {
    try await SkillHostHarness.run([]) { harness in
      try harness.copy(SkillFixtures.example("echo"), as: "parrot/echo.so")
      await harness.until { $0.tool(named: "echo") != nil }
      let build = harness.host.state.withLock { $0.routing.builds["parrot/echo.so"] }
      try harness.write(Self.text, to: "parrot/SKILL.md")
      await harness.until { !$0.instructions.isEmpty }
      try harness.write("no head", to: "parrot/SKILL.md")
      await harness.until { $0.instructions.isEmpty }
      #expect(harness.status("parrot/echo.so")?.state == .loaded)
      #expect(harness.status("parrot/echo.so")?.detail?.contains("SKILL.md is not used: line 1") == true)
      try harness.remove("parrot/SKILL.md")
      await harness.until { $0.status().first?.detail == nil }
      #expect(harness.host.state.withLock { $0.routing.builds["parrot/echo.so"] } === build)
    }
  }

  @Test("a folder that is moved in as a whole is served, and gone when it is moved away")
  func moved() async throws {
    try await SkillHostHarness.run([]) { harness in
      let folder = harness.plugins.deletingLastPathComponent().appending(path: "outside")
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
      try FileManager.default.copyItem(at: SkillFixtures.example("echo"), to: folder.appending(path: "echo.so"))
      let inside = harness.plugins.appending(path: "parrot")
      try FileManager.default.moveItem(at: folder, to: inside)
      await harness.until { $0.tool(named: "echo") != nil }
      try FileManager.default.moveItem(at: inside, to: folder)
      await harness.until { $0.tools.isEmpty }
      #expect(harness.host.status().isEmpty)
    }
  }

  @Test("hidden folders, links to folders and deeper folders hold no skills")
  func otherFolders() async throws {
    try await SkillHostHarness.run([]) { harness in
      let echo = try SkillFixtures.example("echo")
      try harness.copy(echo, as: ".hidden/echo.so")
      try harness.copy(echo, as: "a/b/echo.so")
      try FileManager.default.createSymbolicLink(
        at: harness.plugins.appending(path: "link"), withDestinationURL: echo.deletingLastPathComponent())
      try harness.copy(SkillFixtures.example("clock"), as: "a/clock.so")
      await harness.until { $0.tool(named: "clock.now") != nil }
      #expect(harness.host.status().map(\.file) == ["a/clock.so"])
    }
  }

  @Test("of too many folders the first in order are looked into")
  func tooMany() throws {
    let folder = try SkillFixtures.temporaryFolder()
    defer { try? FileManager.default.removeItem(at: folder) }
    let count = FolderListing.maximumFolders + 2
    for index in 0..<count {
      let inside = folder.appending(path: "f\(index + 10_000)")
      try FileManager.default.createDirectory(at: inside, withIntermediateDirectories: false)
      if index == 0 || index == count - 1 { try Data().write(to: inside.appending(path: "a.so")) }
    }
    let listing = try #require(FolderListing.read(folder.path))
    #expect(listing.ignoredFolders == 2)
    #expect(Array(listing.files.keys) == ["f10000/a.so"])
  }
}
