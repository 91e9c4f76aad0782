import Core
import Skills

extension ConfigurationReader {
  /// `secrets: { weather: { file: …, for: ["https://…"] } }`
  mutating func readSkillSecrets(_ member: YAMLNode.Member) -> SkillSecrets {
    var secrets = SkillSecrets()
    guard case .mapping(let entries) = member.value.content else {
      reject(member.value, "'secrets' must be a mapping of names to secrets, not \(member.value.typeName)")
      return secrets
    }
    for entry in entries {
      let members = members(of: entry.value, named: "'\(entry.key)'", allowed: ["file", "env", "for"])
      let urls = members.first { $0.key == "for" }.map { readURLs($0) }
      if urls == nil, case .mapping = entry.value.content {
        report("'for' is missing here: list the URLs that this secret may be sent to", at: entry.value.place)
      }
      guard let secret = secret(members, of: entry.value, named: entry.key), let urls else { continue }
      do throws(SkillSettingError) {
        try secrets.add(secret, as: entry.key, for: urls)
      } catch {
        report("'\(entry.key)': \(error.reason)", at: entry.place)
      }
    }
    return secrets
  }

  private mutating func readURLs(_ member: YAMLNode.Member) -> [String] {
    elements(of: member).compactMap { value($0, named: member.key, .text) }
  }

  /// `allow_private: ["127.0.0.1:9000"]`
  mutating func readPrivateHosts(_ member: YAMLNode.Member) -> Set<PrivateHost> {
    var hosts: Set<PrivateHost> = []
    for node in elements(of: member) {
      guard let text = value(node, named: member.key, .text) else { continue }
      do throws(SkillSettingError) {
        hosts.insert(try PrivateHost(text))
      } catch {
        report("'\(member.key)': \(error.reason)", at: node.place)
      }
    }
    return hosts
  }
}
