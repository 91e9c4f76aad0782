package import Core

/// The secrets that the operator lets skills use, by name.
package struct SkillSecrets: Sendable {
  private var secrets: [String: SkillSecret] = [:]

  package init() {}

  subscript(_ name: String) -> SkillSecret? { secrets[name] }

  /// Adds a secret that may be sent to URLs of the given patterns, such as `https://api.example.org/*`, and nowhere else.
  package mutating func add(_ value: Secret, as name: String, for patterns: [String]) throws(SkillSettingError) {
    guard Scope.isSecretName(name) else {
      throw SkillSettingError("the name of a secret has 1 to 64 letters, digits, '.', '-' and '_'")
    }
    var urls: [URLPattern] = []
    for pattern in patterns {
      do throws(CanonicalURL.Invalid) {
        urls.append(try URLPattern(parsing: pattern))
      } catch {
        throw SkillSettingError("'\(pattern)' is not a URL pattern like https://api.example.org/*: \(error.reason)")
      }
    }
    secrets[name] = SkillSecret(value: value, urls: urls)
  }
}

/// A secret and where it may go.
struct SkillSecret: Sendable {
  let value: Secret
  let urls: [URLPattern]
}

/// A place in a private network that the operator opened for skills: exactly this host and port.
package struct PrivateHost: Hashable, Sendable {
  /// `127.0.0.1:9000`, `[::1]:80`, `db.internal:8080`.
  let text: String

  package init(_ text: String) throws(SkillSettingError) {
    do throws(CanonicalURL.Invalid) {
      let url = try CanonicalURL(parsing: "http://\(text)/")
      self.init(url)
      guard text.lowercased() == self.text else { throw CanonicalURL.Invalid("write host:port") }
    } catch {
      throw SkillSettingError("'\(text)' is not a host and port like 127.0.0.1:9000: \(error.reason)")
    }
  }

  init(_ url: CanonicalURL) {
    text = "\(url.host.text):\(url.port)"
  }
}

/// Why a setting for skills is not acceptable.
package struct SkillSettingError: Error, Sendable, Equatable {
  package let reason: String

  init(_ reason: String) {
    self.reason = reason
  }
}
