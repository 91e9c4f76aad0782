import Core
import Crypto
import Foundation

extension CapabilityGate {
  /// `http.fetch`: one request, performed by the host.
  func fetch(_ request: CapabilityRequest, _ passage: inout Passage) async throws(CapabilityError) -> JSON {
    let grant = passage.grant
    let fetch = try HTTPFetchRequest(request)
    passage.target = Self.target(fetch.method, fetch.url)
    let injected = try await inject(fetch.secrets, into: fetch.url, under: grant)
    let scopes = grant.scopes.compactMap { scope -> HTTPScope? in
      if case .http(let http) = scope { http } else { nil }
    }
    // Asked again for every redirect: a redirect is a request like the first.
    let start = passage
    let admit: HTTPFetcher.Admission = { method, url throws(CapabilityError) in
      if method.isWrite && grant.effect == .read {
        throw CapabilityError(.denied, "'\(grant.tool)' is a read tool: it may GET and HEAD, but not \(method.rawValue)")
      }
      guard scopes.contains(where: { $0.allows(method, url) }) else {
        throw CapabilityError(.denied, "'\(grant.tool)' has no scope for \(method.rawValue) \(url.origin)\(url.path)")
      }
      var passage = start
      passage.target = Self.target(method, url)
      try await begin(passage)
    }
    let answer = try await fetcher.fetch(fetch, secrets: injected, until: grant.deadline, admit: admit)
    return answer.json
  }

  /// `secret.use`: a signature made with a secret that the skill never sees.
  func sign(_ request: CapabilityRequest, _ passage: inout Passage) async throws(CapabilityError) -> JSON {
    try request.allow(["name", "hmac", "text"])
    let name = try request.text("name", longest: 64)
    let text = Data(try request.text("text", longest: Self.largestValue).utf8)
    let hash = try request.choice("hmac", of: ["sha256", "sha1"])
    let secret = try secret(named: name, under: passage.grant)
    passage.target = name
    try await begin(passage)
    let key = SymmetricKey(data: Data(secret.value.reveal().utf8))
    let code =
      hash == "sha1"
      ? Array(HMAC<Insecure.SHA1>.authenticationCode(for: text, using: key))
      : Array(HMAC<SHA256>.authenticationCode(for: text, using: key))
    return ["hex": .string(code.hexadecimal)]
  }

  /// The headers that secrets are written into, when all of them may be used for `url`.
  private func inject(
    _ templates: [SecretTemplate], into url: CanonicalURL, under grant: CallGrant
  ) async throws(CapabilityError) -> [InjectedHeader] {
    guard !templates.isEmpty else { return [] }
    try await authorise(.secretUse, under: grant)
    var headers: [InjectedHeader] = []
    for template in templates {
      var values: [String: SkillSecret] = [:]
      for name in template.names { values[name] = try secret(named: name, under: grant) }
      let header = InjectedHeader(name: template.header, value: template.filled(with: values), secrets: Array(values.values))
      guard header.isAllowed(at: url) else {
        throw CapabilityError(
          .denied, "the operator's configuration does not let \(template.names.joined(separator: ", ")) be sent to \(url.origin)")
      }
      headers.append(header)
    }
    return headers
  }

  private func secret(named name: String, under grant: CallGrant) throws(CapabilityError) -> SkillSecret {
    guard grant.scopes.contains(.secret(name)) else {
      throw CapabilityError(.denied, "'\(grant.tool)' does not declare the scope secret:\(name)")
    }
    guard let secret = services.secrets[name] else {
      throw CapabilityError(.notFound, "the operator has not configured the secret '\(name)'")
    }
    return secret
  }

  private static func target(_ method: HTTPScope.Method, _ url: CanonicalURL) -> String {
    "\(method.rawValue) \(url.origin)"
  }
}
