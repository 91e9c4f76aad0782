import Core
import Foundation
import Testing

@testable import Skills

@Suite("Decisions about skills")
struct SkillDecisionsTests {
  private static let hash = String(repeating: "0a", count: 32)

  private static var everything: SkillDecisions {
    var decisions = SkillDecisions()
    decisions.disabled = ["org.example.b", "org.example.a"]
    decisions.grants = ["org.example.a": ["http:GET https://api.example.org/*", "chat:send"]]
    decisions.rollbacks = ["org.example.a": .init(from: hash, to: String(repeating: "0b", count: 32))]
    decisions.keys = ["me": hash]
    return decisions
  }

  @Test("what is written is what is read, and the same decisions are the same bytes")
  func roundTrip() throws {
    let json = Self.everything.json
    #expect(try SkillDecisions(parsing: json.canonicalBytes) == Self.everything)
    #expect(json["disabled"] == ["org.example.a", "org.example.b"])
    #expect(SkillDecisions().json.canonical == "{}")
  }

  @Test(
    "what is not understood is refused with the key named",
    arguments: [
      ("{", "not valid JSON"), ("[]", "top level: must be an object, is array"),
      (#"{"disable":[]}"#, "unknown key 'disable'; did you mean 'disabled'?"),
      (#"{"disabled":{}}"#, "disabled: must be an array"),
      (#"{"disabled":["org.example.a",7]}"#, "disabled[1]: must be a skill's id"),
      (#"{"disabled":["nodots"]}"#, "disabled[0]: must be a skill's id"),
      (#"{"grants":{"org.example.a":["x",""]}}"#, "grants.org.example.a[1]: must be a scope"),
      (#"{"grants":{"A":[]}}"#, "grants: 'A' is not a skill's id"),
      (#"{"rollbacks":{"org.example.a":{"from":"00"}}}"#, "rollbacks.org.example.a.from: must be 64"),
      (#"{"rollbacks":{"org.example.a":{}}}"#, "rollbacks.org.example.a.from is missing"),
      (#"{"rollbacks":{"org.example.a":{"from":"0","too":"1"}}}"#, "rollbacks.org.example.a: unknown key 'too'"),
      (#"{"keys":{"me":"zz"}}"#, "keys.me: must be 64 lower-case hexadecimal digits"),
      (#"{"keys":{},"keys":{}}"#, "not valid JSON"),
    ])
  func strict(text: String, reason: String) throws {
    let error = #expect(throws: SkillDecisionsError.self) { try SkillDecisions(parsing: Array(text.utf8)) }
    #expect(error?.code == .malformed)
    #expect(error?.description.contains(reason) == true, "\(error?.description ?? "")")
  }

  @Test("no file means that nothing is decided; a change makes the file, for this user only, and leaves no draft")
  func file() throws {
    let folder = try SkillFixtures.temporaryFolder()
    defer { try? FileManager.default.removeItem(at: folder) }
    let file = SkillDecisionsFile(data: folder.path)
    #expect(try file.read() == SkillDecisions())
    try file.change { $0 = Self.everything }
    #expect(try file.read() == Self.everything)
    let attributes = try FileManager.default.attributesOfItem(atPath: file.path)
    #expect(attributes[.posixPermissions] as? Int == 0o600)
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.appending(path: "skills").path)
    #expect(names.sorted() == ["decisions.json", "decisions.json.lock"])
  }

  @Test("a broken file is neither read as nothing nor written over")
  func broken() throws {
    let folder = try SkillFixtures.temporaryFolder()
    defer { try? FileManager.default.removeItem(at: folder) }
    let file = SkillDecisionsFile(data: folder.path)
    try file.change { $0.disabled = ["org.example.a"] }
    try Data("{".utf8).write(to: URL(filePath: file.path))
    #expect(throws: SkillDecisionsError.self) { try file.change { $0.disabled = [] } }
    #expect(FileManager.default.contents(atPath: file.path) == Data("{".utf8))
  }

  @Test("changes made at the same time are all kept", .timeLimit(.minutes(5)))
  func concurrent() async throws {
    let folder = try SkillFixtures.temporaryFolder()
    defer { try? FileManager.default.removeItem(at: folder) }
    let file = SkillDecisionsFile(data: folder.path)
    let threads = (0..<4).map { _ in SerialThread(name: "change") }
    await withTaskGroup(of: Void.self) { group in
      for (number, thread) in threads.enumerated() {
        group.addTask {
          await thread.run {
            for round in 0..<10 { _ = try? file.change { $0.disabled.insert("org.example.s\(number)-\(round)") } }
          }
        }
      }
    }
    for thread in threads { thread.close() }
    #expect(try file.read().disabled.count == 40)
  }
}
