import Agent
import Core

/// Reads a parsed file into a configuration and collects every problem on the way instead of stopping at the first.
struct ConfigurationReader {
  private(set) var configuration = Configuration()
  /// Variables that secrets refer to: they may be called `OPENCLAW_…` without being a setting.
  private(set) var secretVariables: Set<String> = []
  private var found: [(place: FilePosition, message: String)] = []
  private let name: String
  private let folder: String
  private let environment: [String: String]

  /// - Parameters:
  ///   - name: what errors call the file.
  ///   - folder: what relative paths belong to, absolute.
  ///   - environment: where `{ env: … }` looks.
  init(name: String, folder: String, environment: [String: String]) {
    self.name = name
    self.folder = folder
    self.environment = environment
    // A file says itself which channels there are.
    configuration.channels = []
  }

  /// Reads a whole file. It throws only what makes the rest unreadable.
  mutating func read(_ text: String) throws(ConfigurationError) {
    var refusals: [YAMLNode.Refusal] = []
    let root = try YAMLNode(parsing: text, name: name, refusals: &refusals)
    // An alias repeats the refusal of its anchor.
    for refusal in Set(refusals) { report(refusal.reason, at: refusal.place) }
    if let root { readSection(root, path: "") }
  }

  /// In the order of the file.
  var problems: [ConfigurationProblem] {
    found.sorted { $0.place < $1.place }.map { ConfigurationProblem(place: $0.place.description(in: name), message: $0.message) }
  }

  mutating func report(_ message: String, at place: FilePosition) {
    found.append((place, message))
  }

  /// Like `report`, unless the node was refused already.
  mutating func reject(_ node: YAMLNode, _ message: String) {
    if case .refused = node.content { return }
    report(message, at: node.place)
  }
}

// MARK: - Sections

extension ConfigurationReader {
  /// Keys that hold more than a single value.
  private static let composites = [
    "channels", "chats", "model.api_key", "model.fallback", "server.trusted_proxies", "trusted_skills", "skills.secrets",
    "skills.allow_private",
  ]

  /// One level of the settings table; `path` is empty for the whole file.
  private mutating func readSection(_ node: YAMLNode, path: String) {
    let prefix = path.isEmpty ? "" : path + "."
    let paths = Setting.all.map(\.path) + Self.composites
    let allowed = paths.filter { $0.hasPrefix(prefix) }.map { String($0.dropFirst(prefix.count).prefix { $0 != "." }) }
    for member in members(of: node, named: path.isEmpty ? "the file" : "'\(path)'", allowed: allowed) {
      let memberPath = prefix + member.key
      if let setting = Setting.named(memberPath) {
        apply(setting, member)
      } else if Self.composites.contains(memberPath) {
        readComposite(member, path: memberPath)
      } else {
        readSection(member.value, path: memberPath)
      }
    }
  }

  private mutating func apply(_ setting: Setting, _ member: YAMLNode.Member) {
    guard let text = scalar(member.value, named: member.key, isText: setting.isText) else { return }
    do {
      try setting.apply(text, &configuration)
    } catch {
      report("'\(member.key)' \(error.reason)", at: member.value.place)
    }
  }

  private mutating func readComposite(_ member: YAMLNode.Member, path: String) {
    switch path {
    case "channels": configuration.channels = readChannels(member)
    case "chats": configuration.chats.rules = elements(of: member).compactMap { readChatRule($0) }
    case "model.api_key": configuration.model.apiKeys = secrets(member)
    case "model.fallback": configuration.model.fallback = elements(of: member).compactMap { value($0, named: member.key, .text) }
    case "server.trusted_proxies":
      configuration.server.trustedProxies = elements(of: member).compactMap { value($0, named: member.key, .addressRange) }
    case "trusted_skills":
      configuration.trustedSkills = Set(elements(of: member).compactMap { value($0, named: member.key, .sha256) })
    case "skills.secrets": configuration.skills.secrets = readSkillSecrets(member)
    case "skills.allow_private": configuration.skills.privateHosts = readPrivateHosts(member)
    default: break
    }
  }

  private mutating func readChatRule(_ node: YAMLNode) -> ChatRules.Rule? {
    let members = members(of: node, named: "a rule of 'chats'", allowed: ["match", "respond", "prefix", "bots"])
    let match = required("match", of: members, in: node, .chatPattern)
    let respond: ChatRules.Respond? = required("respond", of: members, in: node, .choice())
    let prefix = optional("prefix", of: members, .commandPrefix) ?? "/"
    guard let match, let respond else { return nil }
    let bots: ChatRules.Bots = optional("bots", of: members, .choice()) ?? .ignore
    return ChatRules.Rule(match: match, respond: respond, prefix: prefix, bots: bots)
  }
}

// MARK: - Values

extension ConfigurationReader {
  /// The members of a mapping, without the keys that are not allowed there.
  mutating func members(of node: YAMLNode, named name: String, allowed: [String]) -> [YAMLNode.Member] {
    guard case .mapping(let members) = node.content else {
      reject(node, "\(name) must be a mapping of keys to values, not \(node.typeName)")
      return []
    }
    return members.filter { member in
      if allowed.contains(member.key) { return true }
      var unique: [String] = []
      for key in allowed where !unique.contains(key) { unique.append(key) }
      let hint = NearestName.hint(for: member.key, among: unique)
      let keys = unique.joined(separator: ", ")
      report("\(name) has no key '\(member.key)'\(hint.isEmpty ? "; its keys are \(keys)" : hint)", at: member.place)
      return false
    }
  }

  mutating func elements(of member: YAMLNode.Member) -> [YAMLNode] {
    guard case .list(let elements) = member.value.content else {
      reject(member.value, "'\(member.key)' must be a list, not \(member.value.typeName)")
      return []
    }
    return elements
  }

  /// The text of a single value; `isText` tells whether quotes are allowed around it.
  private mutating func scalar(_ node: YAMLNode, named name: String, isText: Bool) -> String? {
    guard case .scalar(let text, let quoted) = node.content, !node.isNull else {
      reject(node, "'\(name)' must be a single value, not \(node.typeName)")
      return nil
    }
    guard isText || !quoted else {
      report("'\(name)' must be written without quotes", at: node.place)
      return nil
    }
    return text
  }

  mutating func value<Value>(_ node: YAMLNode, named name: String, _ syntax: ValueSyntax<Value>) -> Value? {
    guard let text = scalar(node, named: name, isText: syntax.isText) else { return nil }
    do {
      return try syntax.parse(text)
    } catch {
      report("'\(name)' \(error.reason)", at: node.place)
      return nil
    }
  }

  /// The value of `key`, or nil when the key is absent or wrong.
  mutating func optional<Value>(_ key: String, of members: [YAMLNode.Member], _ syntax: ValueSyntax<Value>) -> Value? {
    members.first { $0.key == key }.flatMap { value($0.value, named: key, syntax) }
  }

  mutating func required<Value>(
    _ key: String, of members: [YAMLNode.Member], in node: YAMLNode, _ syntax: ValueSyntax<Value>
  ) -> Value? {
    guard members.contains(where: { $0.key == key }) else {
      // A node that is no mapping was reported already.
      if case .mapping = node.content { report("'\(key)' is missing here", at: node.place) }
      return nil
    }
    return optional(key, of: members, syntax)
  }
}

// MARK: - Secrets

extension ConfigurationReader {
  /// One reference, or two during rotation.
  mutating func secrets(_ member: YAMLNode.Member) -> [Secret] {
    var references = [member.value]
    if case .list(let elements) = member.value.content {
      references = elements
      if !(1...2).contains(elements.count) {
        report("'\(member.key)' must be one reference or a list of two", at: member.value.place)
        return []
      }
    }
    return references.compactMap { secret($0, named: member.key) }
  }

  private mutating func secret(_ node: YAMLNode, named name: String) -> Secret? {
    guard case .mapping = node.content else {
      reject(node, "'\(name)' must be { file: <path> } or { env: <NAME> }; a secret is never written here itself")
      return nil
    }
    let members = members(of: node, named: "'\(name)'", allowed: ["file", "env"])
    return secret(members, of: node, named: name)
  }

  /// The secret that `file` or `env` among `members` refers to; whether other keys are allowed there was decided before.
  mutating func secret(_ all: [YAMLNode.Member], of node: YAMLNode, named name: String) -> Secret? {
    let members = all.filter { $0.key == "file" || $0.key == "env" }
    guard members.count == 1, let member = members.first else {
      // An unknown key was reported already.
      if case .mapping(let written) = node.content, written.count == all.count {
        report("'\(name)' must have exactly one of 'file' and 'env'", at: node.place)
      }
      return nil
    }
    guard let text = value(member.value, named: member.key, member.key == "file" ? .path : .variableName) else { return nil }
    let source = member.key == "file" ? SecretSource.file(FilePlace.join(folder, text)) : .environment(text)
    if case .environment(let variable) = source { secretVariables.insert(variable) }
    do {
      return try source.read(environment: environment)
    } catch {
      report("'\(name)' \(error.reason)", at: member.value.place)
      return nil
    }
  }
}
