/// Which images must carry the signature of a trusted key.
package enum SignatureRequirement: String, Sendable, CaseIterable {
  /// None. A signature that is there must hold all the same.
  case never
  /// Those that run inside the host process.
  case unlessIsolated = "unless_isolated"
  /// Every image.
  case always
}

/// What the operator demands of signatures at one moment.
package struct SignatureRule: Sendable {
  package let requirement: SignatureRequirement
  /// The keys that are trusted, by the name the operator gave them.
  package let keys: [String: SkillPublicKey]

  package init(_ requirement: SignatureRequirement, keys: [String: SkillPublicKey]) {
    self.requirement = requirement
    self.keys = keys
  }

  /// The operator's name for the key; the first in order when it has several. Nil for a key that is not trusted.
  func name(of key: SkillPublicKey) -> String? {
    keys.filter { $0.value == key }.keys.min()
  }

  /// Whether an image with this signature may be loaded. `isTrusted`: into the host process.
  func check(_ signature: SkillSignature?, isTrusted: Bool) throws(SkillRefusal) {
    switch requirement {
    case .never: return
    case .unlessIsolated where !isTrusted: return
    case .unlessIsolated, .always: break
    }
    let demand = "skills.require_signature is \(requirement.rawValue)"
    guard let signature else {
      throw SkillRefusal(.unsigned, "not signed, and \(demand): sign it with 'openclaw skill sign'")
    }
    guard name(of: signature.key) != nil else {
      throw SkillRefusal(
        .untrustedSignature,
        "signed by \(signature.key), a key that is not trusted, and \(demand): "
          + "if you know whose it is, 'openclaw skill trust NAME \(signature.key)'")
    }
  }

  /// `signed by ops`; nil when there is no signature.
  func description(of signature: SkillSignature?) -> String? {
    signature.map { signature in
      name(of: signature.key).map { "signed by \($0)" } ?? "signed by \(signature.key.short), which is not a trusted key"
    }
  }
}

extension SkillPublicKey {
  /// Enough of it to tell keys apart in a line of text.
  var short: String { description.prefix(16) + "…" }
}
