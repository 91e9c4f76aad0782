import Core

/// A header whose value a secret becomes a part of: `Authorization: Bearer {weather}`.
struct SecretTemplate: Sendable, Equatable {
  private enum Part: Sendable, Equatable {
    case text(String)
    case secret(String)
  }

  let header: String
  private let parts: [Part]

  init(header: String, value: String) throws(CapabilityError) {
    var parts: [Part] = []
    var rest = value[...]
    while let open = rest.firstIndex(of: "{") {
      let after = rest.index(after: open)
      guard let close = rest[after...].firstIndex(of: "}"), Scope.isSecretName(String(rest[after..<close])) else {
        throw CapabilityError(.badArgument, "a secret stands in the value as {name}, as in \"Bearer {weather}\"")
      }
      parts += [.text(String(rest[..<open])), .secret(String(rest[after..<close]))]
      rest = rest[rest.index(after: close)...]
    }
    guard !parts.isEmpty else {
      throw CapabilityError(.badArgument, "the value of '\(header)' under 'secrets' names no secret: write {name}")
    }
    self.header = header
    self.parts = parts + [.text(String(rest))]
  }

  var names: [String] {
    parts.compactMap { if case .secret(let name) = $0 { name } else { nil } }
  }

  func filled(with secrets: [String: SkillSecret]) -> String {
    parts.map { part in
      switch part {
      case .text(let text): text
      case .secret(let name): secrets[name]?.value.reveal() ?? ""
      }
    }.joined()
  }
}

/// A header with secrets in it, and where it may be sent.
struct InjectedHeader: Sendable {
  let name: String
  let value: String
  let secrets: [SkillSecret]

  func isAllowed(at url: CanonicalURL) -> Bool {
    secrets.allSatisfy { secret in secret.urls.contains { $0.matches(url) } }
  }
}
