import Core
import Glibc

/// What can be said of a file without running anything of it: what it says about itself, who signed it, and everything
/// that would keep it from being served.
package struct SkillInspection: Sendable {
  /// What the file carries as a signature.
  package enum Signature: Sendable, Equatable {
    case none
    /// `name` is the operator's name for the key; nil when the key is not trusted.
    case good(key: SkillPublicKey, name: String?)
    case bad(reason: String)
  }

  package let file: String
  /// Bytes.
  package let size: Int
  /// SHA-256 of the whole file, lower-case hexadecimal: what `trusted_skills` lists.
  package let hash: String
  package let signature: Signature
  let manifest: SkillManifest?
  let neededLibraries: [String]
  let refusals: [SkillRefusal]
  let instructions: Result<SkillInstructions, SkillInstructions.Failure>?

  /// Looks into a file. Blocks.
  ///
  /// - Parameters:
  ///   - rule: what the operator demands of signatures.
  ///   - trustedBuilds: the images that may run inside the host process.
  /// - Throws: when the file cannot be read at all.
  package init(
    _ file: String, rule: SignatureRule, trustedBuilds: Set<String> = [], limits: SkillLimits = SkillLimits()
  ) throws(ProvenanceError) {
    do throws(SkillRefusal) {
      let image = try SkillImage.copy(file, maximumSize: limits.image)
      let hash = try image.hash()
      let findings = try image.withBytes { bytes in Findings(bytes, rule, isTrusted: trustedBuilds.contains(hash)) }
      self.file = file
      size = image.size
      self.hash = hash
      signature = findings.signature
      manifest = findings.manifest
      neededLibraries = findings.neededLibraries
      refusals = findings.refusals
    } catch {
      throw ProvenanceError(.unreadable, "cannot read \(file): \(error.message)")
    }
    let folder = file.lastIndex(of: "/").map { String(file[...$0]) } ?? ""
    let beside = folder + SkillInstructions.fileName
    guard access(beside, F_OK) == 0 else {
      instructions = nil
      return
    }
    do throws(SkillInstructions.Failure) {
      instructions = .success(try SkillInstructions(file: beside))
    } catch {
      instructions = .failure(error)
    }
  }

  /// Whether the host would serve it, as far as the file alone shows.
  package var isAcceptable: Bool { refusals.isEmpty }

  /// The scopes that the operator has to grant before tools that name them can be called, sorted.
  package var neededGrants: [String] {
    let scopes = manifest?.tools.reduce(into: Set<Scope>()) { $0.formUnion($1.scopes) } ?? []
    return scopes.filter { $0 != .keyValueRead && $0 != .keyValueWrite }.map(\.text).sorted()
  }
}

/// Every check on its own, so that one failure does not hide the next.
private struct Findings {
  var signature = SkillInspection.Signature.none
  var manifest: SkillManifest?
  var neededLibraries: [String] = []
  var refusals: [SkillRefusal] = []

  init(_ bytes: UnsafeRawBufferPointer, _ rule: SignatureRule, isTrusted: Bool) {
    guard let image = check({ () throws(SkillRefusal) in try ELFImage(ImageBytes(bytes)) }) else { return }
    manifest = check { () throws(SkillRefusal) in try SkillManifest(parsing: try image.manifestBytes()) }
    check { () throws(SkillRefusal) in try image.checkSafety() }
    if let manifest { check { () throws(SkillRefusal) in try manifest.checkExports(of: image) } }
    neededLibraries = (try? image.neededLibraries) ?? []
    do throws(SkillRefusal) {
      let found = try SkillSignature.read(bytes)
      signature = found.map { .good(key: $0.key, name: rule.name(of: $0.key)) } ?? .none
      check { () throws(SkillRefusal) in try rule.check(found, isTrusted: isTrusted) }
    } catch {
      signature = .bad(reason: error.message)
      refusals.append(error)
    }
  }

  @discardableResult
  private mutating func check<Value>(_ body: () throws(SkillRefusal) -> Value) -> Value? {
    do throws(SkillRefusal) {
      return try body()
    } catch {
      refusals.append(error)
      return nil
    }
  }
}
