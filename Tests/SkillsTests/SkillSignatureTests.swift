import Core
import Crypto
import Foundation
import Testing

@testable import Skills

@Suite("Signatures of skills")
struct SkillSignatureTests {
  private let library = LibraryBuilder().bytes
  private let key = SkillSigningKey()

  private func signed(_ content: [UInt8], by key: SkillSigningKey) throws -> [UInt8] {
    try content + content.withUnsafeBytes { try SkillSignature.trailer(for: $0[...], key: key.key) }
  }

  private func read(_ bytes: [UInt8]) throws(SkillRefusal) -> SkillSignature? {
    let outcome: Result<SkillSignature?, SkillRefusal> = bytes.withUnsafeBytes { buffer in
      do throws(SkillRefusal) { return .success(try SkillSignature.read(buffer)) } catch { return .failure(error) }
    }
    return try outcome.get()
  }

  private func refusal(_ bytes: [UInt8]) -> SkillRefusal? {
    do throws(SkillRefusal) { _ = try read(bytes) } catch { return error }
    return nil
  }

  @Test("what was signed says by whom, and is as good a library as before")
  func right() throws {
    let signed = try signed(library, by: key)
    #expect(signed.count == library.count + SkillSignature.size)
    #expect(try read(signed)?.key == key.publicKey)
    #expect(try SkillManifest(library: signed).id == "org.example.sum")
    #expect(try read(library) == nil)
  }

  @Test("no bit of a signed file may be another")
  func everyBit() throws {
    let signed = try signed(library, by: key)
    for index in signed.indices {
      var copy = signed
      copy[index] ^= UInt8(1 << (index % 8))
      // Without its mark it is a file with some bytes behind the library.
      let isInMark = index >= signed.count - 12
      #expect(refusal(copy)?.code == (isInMark ? nil : .badSignature), "byte \(index)")
    }
  }

  @Test("another key in the place of the signer's does not fit")
  func otherKey() throws {
    var signed = try signed(library, by: key)
    signed.replaceSubrange((library.count + 4)..<(library.count + 36), with: SkillSigningKey().publicKey.bytes)
    #expect(refusal(signed)?.code == .badSignature)
  }

  @Test("a signature under a signature is refused")
  func twice() throws {
    let twice = try signed(signed(library, by: key), by: SkillSigningKey())
    #expect(refusal(twice)?.message.contains("two signatures") == true)
  }

  @Test("a format of the future is refused, not guessed at")
  func format() throws {
    var signed = try signed(library, by: key)
    signed[library.count + 3] = UInt8(ascii: "2")
    #expect(refusal(signed)?.message.contains("format") == true)
  }

  @Test("a signed file cut anywhere is incomplete, but for the cut that leaves the unsigned library")
  func cut() throws {
    let signed = try signed(library, by: key)
    for length in 0..<signed.count {
      do throws(SkillRefusal) {
        _ = try SkillManifest(library: Array(signed[..<length]))
        #expect(length == library.count)
      } catch {
        #expect(error.code == .incomplete, "cut at \(length): \(error.message)")
      }
    }
  }

  @Test("the message that is signed is the documented one")
  func documented() throws {
    let signed = try signed(library, by: key)
    let message = Array("openclaw skill signature v1\0".utf8) + Array(SHA256.hash(data: library))
    let signer = try Curve25519.Signing.PublicKey(rawRepresentation: signed[(library.count + 4)..<(library.count + 36)])
    #expect(signer.isValidSignature(signed[(library.count + 36)..<(library.count + 100)], for: message))
  }

  @Test(
    "the rule demands what it says",
    arguments: [
      (.never, nil, true, nil), (.never, false, true, nil),
      (.unlessIsolated, nil, false, nil), (.unlessIsolated, nil, true, .unsigned),
      (.unlessIsolated, false, true, .untrustedSignature), (.unlessIsolated, true, true, nil),
      (.always, nil, false, .unsigned), (.always, false, false, .untrustedSignature), (.always, true, false, nil),
    ] as [(SignatureRequirement, Bool?, Bool, SkillRefusal.Code?)])
  func rule(_ requirement: SignatureRequirement, _ isKnown: Bool?, _ isTrusted: Bool, _ expected: SkillRefusal.Code?) {
    let rule = SignatureRule(requirement, keys: ["ops": key.publicKey])
    let signature = isKnown.map { SkillSignature(key: $0 ? key.publicKey : SkillSigningKey().publicKey) }
    var code: SkillRefusal.Code?
    do throws(SkillRefusal) { try rule.check(signature, isTrusted: isTrusted) } catch {
      code = error.code
      #expect(error.message.contains(requirement.rawValue))
    }
    #expect(code == expected)
  }
}

@Suite("Keys and signing of files")
struct SkillSigningTests {
  private func withFolder(_ body: (URL) throws -> Void) throws {
    let folder = try SkillFixtures.temporaryFolder()
    defer { try? FileManager.default.removeItem(at: folder) }
    try body(folder)
  }

  private func failure(_ body: () throws(ProvenanceError) -> Void) -> ProvenanceError.Code? {
    do throws(ProvenanceError) { try body() } catch { return error.code }
    return nil
  }

  @Test("a key comes back from its file, which only its owner can read and nothing overwrites")
  func keyFile() throws {
    try withFolder { folder in
      let file = folder.appending(path: "key").path
      let key = SkillSigningKey()
      try key.write(to: file)
      #expect(try SkillSigningKey(file: file).publicKey == key.publicKey)
      #expect(try SkillSigningKey.publicKey(file) == key.publicKey)
      #expect(try SkillSigningKey.publicKey(key.publicKey.description) == key.publicKey)
      #expect(failure { () throws(ProvenanceError) in try SkillSigningKey().write(to: file) } == .exists)
      let mode = try FileManager.default.attributesOfItem(atPath: file)[.posixPermissions] as? Int
      #expect(mode == 0o600)
      #expect(chmod(file, 0o640) == 0)
      #expect(failure { () throws(ProvenanceError) in _ = try SkillSigningKey(file: file) } == .unreadable)
    }
  }

  @Test(
    "what is no key is called that", arguments: ["", "abc", String(repeating: "g", count: 64), "openclaw-skill-secret-key:12"])
  func noKey(_ text: String) throws {
    try withFolder { folder in
      let file = folder.appending(path: "key")
      try Data(text.utf8).write(to: file)
      #expect(chmod(file.path, 0o600) == 0)
      #expect(failure { () throws(ProvenanceError) in _ = try SkillSigningKey(file: file.path) } == .notAKey)
      #expect(failure { () throws(ProvenanceError) in _ = try SkillSigningKey.publicKey(file.path) } == .notAKey)
    }
  }

  @Test("a file is signed in place, signed again by somebody else, and keeps its mode")
  func files() throws {
    try withFolder { folder in
      let file = folder.appending(path: "sum.so")
      let library = LibraryBuilder().bytes
      try Data(library).write(to: file)
      #expect(chmod(file.path, 0o640) == 0)
      let (first, second) = (SkillSigningKey(), SkillSigningKey())
      for key in [first, second] {
        try SkillSigner.sign(file.path, key: key)
        let bytes = try SkillFixtures.bytes(file)
        #expect(bytes.count == library.count + SkillSignature.size)
        #expect(try bytes.withUnsafeBytes { try SkillSignature.read($0) }?.key == key.publicKey)
      }
      #expect(try FileManager.default.attributesOfItem(atPath: file.path)[.posixPermissions] as? Int == 0o640)
      try SkillSigner.sign(file.path, key: first, output: folder.appending(path: "other.so").path)
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() == ["other.so", "sum.so"])
    }
  }

  @Test("what the host would not load is not signed")
  func unfit() throws {
    try withFolder { folder in
      let file = folder.appending(path: "x.so").path
      try Data("hello".utf8).write(to: URL(filePath: file))
      #expect(failure { () throws(ProvenanceError) in try SkillSigner.sign(file, key: SkillSigningKey()) } == .notASkill)
      #expect(failure { () throws(ProvenanceError) in try SkillSigner.sign(file + "y", key: SkillSigningKey()) } == .unreadable)
    }
  }
}
