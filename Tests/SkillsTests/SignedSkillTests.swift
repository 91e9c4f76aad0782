import Core
import Foundation
import Synchronization
import Testing

@testable import Skills

@Suite("Signed skills", .timeLimit(.minutes(5)))
struct SignedSkillTests {
  /// The keys that a test trusts at the moment.
  private final class Keys: Sendable {
    let trusted = Mutex<[String: SkillPublicKey]>([:])
  }

  private func sign(_ skill: URL, by key: SkillSigningKey) throws -> URL {
    let file = try SkillFixtures.temporaryFolder().appending(path: skill.lastPathComponent)
    try SkillSigner.sign(skill.path, key: key, output: file.path)
    return file
  }

  @Test("a signed skill is served, and the status says who signed it")
  func signer() async throws {
    let key = SkillSigningKey()
    let file = try sign(SkillFixtures.example("echo"), by: key)
    try await SkillHostHarness.run([file], keys: { ["ops": key.publicKey] }) { harness in
      let answer = try await harness.call("echo", ["text": "x"])
      #expect(answer == "x")
      #expect(harness.status("echo.so")?.signer == "ops")
      #expect(harness.status("echo.so")?.detail == "signed by ops")
    }
  }

  @Test("where every image must be signed, trust decides, and it may come and go while the host runs")
  func always() async throws {
    let (key, keys) = (SkillSigningKey(), Keys())
    let (plain, signed) = try (SkillFixtures.example("clock"), sign(SkillFixtures.example("echo"), by: key))
    try await SkillHostHarness.run([plain, signed], signatures: .always, keys: { keys.trusted.withLock { $0 } }) { harness in
      #expect(harness.host.tools.isEmpty)
      #expect(harness.status("clock.so")?.detail?.contains("not signed") == true)
      #expect(harness.status("echo.so")?.detail?.contains("openclaw skill trust NAME \(key.publicKey)") == true)
      keys.trusted.withLock { $0["ops"] = key.publicKey }
      try harness.touch()
      await harness.until { $0.tool(named: "echo") != nil }
      #expect(try await harness.call("echo", ["text": "x"]) == "x")
      keys.trusted.withLock { $0 = [:] }
      try harness.touch()
      await harness.until { $0.tools.isEmpty }
      #expect(harness.status("echo.so")?.state == .refused)
    }
  }

  @Test("an unsigned file over a signed one changes nothing")
  func downgrade() async throws {
    let key = SkillSigningKey()
    let signed = try sign(SkillFixtures.fixture("version_1"), by: key)
    try await SkillHostHarness.run([], signatures: .always, keys: { ["ops": key.publicKey] }) { harness in
      try harness.move(signed, as: "version.so")
      await harness.until { $0.tool(named: "version") != nil }
      try harness.move(SkillFixtures.fixture("version_2"), as: "version.so")
      await harness.until { $0.status().first?.detail?.contains("not served") == true }
      #expect(try await harness.call("version") == 1)
    }
  }

  @Test("a signature that does not fit is refused although none is demanded")
  func bad() async throws {
    let signed = try sign(SkillFixtures.example("echo"), by: SkillSigningKey())
    var bytes = try SkillFixtures.bytes(signed)
    bytes[bytes.count - 60] ^= 1
    try Data(bytes).write(to: signed)
    try await SkillHostHarness.run([signed]) { harness in
      #expect(harness.host.tools.isEmpty)
      #expect(harness.status("echo.so")?.detail?.contains("does not fit") == true)
    }
  }

  @Test("where only what runs in this process must be signed, the others need not be")
  func unlessIsolated() async throws {
    let (calc, echo) = try (SkillFixtures.example("calc"), SkillFixtures.example("echo"))
    let hash = try SkillImage.copy(calc.path, maximumSize: 1 << 28).hash()
    try await SkillHostHarness.run([calc, echo], trusted: [hash], signatures: .unlessIsolated) { harness in
      #expect(harness.host.tools.map(\.name) == ["echo"])
      #expect(harness.status("calc.so")?.detail?.contains("unless_isolated") == true)
    }
  }

  @Test("inspecting tells everything that is wrong at once, and runs nothing")
  func inspection() throws {
    var library = LibraryBuilder()
    library.loadFlags = 7
    library.symbols = []
    library.needed = ["libcurl.so.4"]
    let folder = try SkillFixtures.temporaryFolder()
    defer { try? FileManager.default.removeItem(at: folder) }
    let file = folder.appending(path: "sum.so")
    try Data(library.bytes).write(to: file)
    let inspection = try SkillInspection(file.path, rule: SignatureRule(.always, keys: [:]))
    #expect(inspection.refusals.map(\.code) == [.unsafeImage, .manifest, .unsigned])
    #expect(inspection.manifest?.id == "org.example.sum")
    #expect(inspection.neededLibraries == ["libcurl.so.4"])
    #expect(!inspection.isAcceptable)
  }

  @Test("inspecting a good skill gives what it is and what it asks for")
  func goodInspection() throws {
    let key = SkillSigningKey()
    let folder = try SkillFixtures.temporaryFolder()
    defer { try? FileManager.default.removeItem(at: folder) }
    var library = LibraryBuilder()
    library.manifest =
      #"{"abi":[1,0],"id":"org.example.sum","version":"1.0.0","scopes":["kv:read","http:GET https://a.example/*"],"tools":"#
      + #"[{"name":"sum","symbol":"sum","effect":"read","call":"json","scopes":["kv:read","http:GET https://a.example/*"]}]}"#
    let file = folder.appending(path: "sum.so")
    try Data(library.bytes).write(to: file)
    try SkillSigner.sign(file.path, key: key)
    try Data("---\nname: sum\ndescription: Adds\n---\nAdd.".utf8).write(to: folder.appending(path: "SKILL.md"))
    let inspection = try SkillInspection(file.path, rule: SignatureRule(.always, keys: ["ops": key.publicKey]))
    #expect(inspection.isAcceptable)
    #expect(inspection.signature == .good(key: key.publicKey, name: "ops"))
    #expect(inspection.neededGrants == ["http:GET https://a.example/*"])
    #expect(inspection.fields["id"] == "org.example.sum")
    #expect(inspection.fields["instructions"]?["name"] == "sum")
    #expect(inspection.text.contains("Nothing in the file would refuse it."))
    #expect(inspection.text.contains("signed by ops"))
  }
}
