import Core
import Foundation
import SkillABI
import Testing

@testable import Skills

/// A skill that was built against each released minor of the ABI, in `Tests/Fixtures/Released`, and is never built again.
@Suite("Skills of released ABIs", .timeLimit(.minutes(5)), .enabled(if: ELFImage.machine == 62, "the stored skills are x86-64"))
struct ReleasedSkillTests {
  private static func library(_ version: String) throws -> URL {
    let text = try String(contentsOf: SkillFixtures.released("abi-\(version)-x86_64.so.base64"), encoding: .utf8)
    let bytes = try #require(Data(base64Encoded: text, options: .ignoreUnknownCharacters))
    let file = try SkillFixtures.temporaryFolder().appending(path: "released.so")
    try bytes.write(to: file)
    return file
  }

  @Test("every tool of a skill built for 1.0 works, isolated and trusted", arguments: [false, true])
  func version1_0(isTrusted: Bool) async throws {
    let file = try Self.library("1.0")
    defer { try? FileManager.default.removeItem(at: file.deletingLastPathComponent()) }
    let hash = try SkillImage.copy(file.path, maximumSize: 1 << 20).hash()
    try await SkillHostHarness.run([file], trusted: isTrusted ? [hash] : []) { harness in
      let status = try #require(harness.host.status().first)
      #expect(status.state == .loaded && status.version == "1.0.0", "\(status)")
      #expect(harness.host.tools.count == 20)

      let numbers: JSON = [
        "a": -1, "b": 4_294_967_296, "c": 4_294_967_295, "d": 1, "e": .double(0.5), "f": .double(0.25), "g": true,
      ]
      #expect(try await harness.call("released.mix", numbers) == .double(8_589_934_592.75))
      #expect(try await harness.call("released.not", ["value": true]) == false)
      #expect(try await harness.call("released.narrow", ["value": 7]) == -7)
      #expect(try await harness.call("released.half", ["value": .double(0.2)]) == .double(0.1))
      #expect(try await harness.call("released.unsigned", ["value": 2_000_000_000]) == 4_000_000_000_000_000_000)
      #expect(try await harness.call("released.echo", ["text": "hello 世界"]) == "hello 世界")
      #expect(try await harness.call("released.greet") == "Good day")
      #expect(try await harness.call("released.greet", ["formal": false]) == "Hi")

      #expect(try await harness.call("released.args", ["list": [1, 2]]) == ["list": [1, 2]])
      #expect(try await harness.failure("released.args", ["list": [-1]]).code == .badArgument)
      #expect(try await harness.call("released.pieces") == ["first": 1, "second": 2])
      #expect(try await harness.call("released.silent") == .null)
      #expect(try await harness.call("released.call") == true)
      #expect(try await harness.call("released.log") == .null)
      #expect(try await harness.call("released.clock")["unix_ms"]?.integer ?? 0 > 1_700_000_000_000)
      #expect(try await harness.failure("released.unknown").code == .unavailable)
      let failure = try await harness.failure("released.fail")
      #expect(failure.code == .skill && failure.message == "a reason of my own")

      #expect(try await harness.failure("released.missing").code == .notFound)
      #expect(try await harness.failure("released.forbidden").code == .denied)
      #expect(try await harness.call("released.put") == .null)
      #expect(try await harness.call("released.peek") == ["kept": [1, 2]])
      #expect(try await harness.call("released.delete") == .null)
      #expect(try await harness.failure("released.peek").code == .notFound)
    }
  }

  @Test(
    "a skill is served by the same major and a minor that is not below its own",
    arguments: [
      (1, 0, 1, 0, true), (1, 0, 1, 3, true), (1, 3, 1, 3, true), (1, 4, 1, 3, false), (2, 0, 1, 9, false), (1, 0, 2, 0, false),
    ])
  func versionRule(_ major: Int64, _ minor: Int64, _ hostMajor: Int64, _ hostMinor: Int64, _ isServed: Bool) {
    #expect(SkillManifest.isServed(abi: (major, minor), by: (hostMajor, hostMinor)) == isServed)
  }

  @Test("a manifest key of a later minor is ignored, unless the skill requires it")
  func laterKeys() throws {
    let manifest: (String) -> [UInt8] = {
      Array(
        (#"{"abi":[1,0],"id":"a.b","version":"1.0.0",\#($0)"later":{"x":1},"#
          + #""tools":[{"name":"t","symbol":"t","call":"json","later":[]}]}"#).utf8)
    }
    #expect(try SkillManifest(parsing: manifest("")).tools.count == 1)
    let refusal = #expect(throws: SkillRefusal.self) { try SkillManifest(parsing: manifest(#""requires":["later"],"#)) }
    #expect(refusal?.message.contains("'later'") == true)
  }

  @Test("Swift sees the sizes and places that the ABI promises")
  func importedLayout() {
    #expect(MemoryLayout<oc_slice>.size == 16 && MemoryLayout<oc_call>.size == 64 && MemoryLayout<oc_host>.size == 56)
    #expect(MemoryLayout<oc_slice>.offset(of: \.len) == 8)
    #expect(
      [
        MemoryLayout<oc_call>.offset(of: \.size), MemoryLayout<oc_call>.offset(of: \.flags),
        MemoryLayout<oc_call>.offset(of: \.host), MemoryLayout<oc_call>.offset(of: \.state),
        MemoryLayout<oc_call>.offset(of: \.args), MemoryLayout<oc_call>.offset(of: \.deadline),
        MemoryLayout<oc_call>.offset(of: \.id),
      ] == [0, 4, 8, 16, 24, 40, 48])
    #expect(
      [
        MemoryLayout<oc_host>.offset(of: \.size), MemoryLayout<oc_host>.offset(of: \.major),
        MemoryLayout<oc_host>.offset(of: \.minor), MemoryLayout<oc_host>.offset(of: \.flags),
        MemoryLayout<oc_host>.offset(of: \.reply), MemoryLayout<oc_host>.offset(of: \.fail),
        MemoryLayout<oc_host>.offset(of: \.request), MemoryLayout<oc_host>.offset(of: \.cancelled),
        MemoryLayout<oc_host>.offset(of: \.log),
      ] == [0, 4, 8, 12, 16, 24, 32, 40, 48])
    #expect(MemoryLayout<oc_status>.size == 4 && OC_FIRST_SKILL_STATUS == 100 && OC_NOTE_TYPE == 0x4f43_5331)
  }
}
