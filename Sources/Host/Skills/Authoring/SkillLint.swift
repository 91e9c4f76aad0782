import Core

/// Looks a library over without running it: what would refuse it, and what its author may want to do better.
package struct SkillLint: Sendable {
  /// One line about the library.
  package struct Finding: Sendable, Equatable {
    package enum Kind: String, Sendable {
      /// The service would refuse the library.
      case error
      /// It works, but people, models or the operator are better served otherwise.
      case advice
    }

    package let kind: Kind
    package let message: String
  }

  /// `org.example.hello 1.0.0, 2 tools`; nil when the library is refused.
  package private(set) var title: String?
  package private(set) var findings: [Finding] = []

  /// Whether a service would refuse the library.
  package var isRefused: Bool { findings.contains { $0.kind == .error } }

  /// Reads the file. Blocks; for a thread that may.
  package init(file: String) {
    do throws(SkillRefusal) {
      let image = try SkillImage.copy(file, maximumSize: SkillLimits().image)
      let size = image.size
      try image.withBytes { bytes throws(SkillRefusal) in
        let bytes = ImageBytes(bytes)
        // The manifest first: it says more than a missing symbol.
        let elf = try ELFImage(bytes)
        let text = try elf.manifestBytes()
        let manifest = try SkillManifest(ofImage: bytes)
        title = "\(manifest.id) \(manifest.version), \(manifest.tools.count) tool\(manifest.tools.count == 1 ? "" : "s")"
        // It was read a moment ago.
        let json = (try? JSON(parsing: text)) ?? .null
        look(at: manifest, json)
        look(at: elf, manifest, size: size)
      }
    } catch {
      findings.append(Finding(kind: .error, message: error.message))
    }
  }

  private mutating func advise(_ message: String) {
    findings.append(Finding(kind: .advice, message: message))
  }

  // MARK: The manifest

  /// First words of a chat line that belong to the host.
  static let commands: Set<String> = [
    "help", "tools", "approve", "deny", "show", "pending", "resolve", "enroll", "status", "mode",
  ]

  private mutating func look(at manifest: SkillManifest, _ json: JSON) {
    let used = Set(
      manifest.tools.flatMap { tool in
        json["tools"]?.array?.first { $0["name"]?.string == tool.name }?["scopes"]?.array?.compactMap(\.string) ?? []
      })
    for scope in json["scopes"]?.array?.compactMap(\.string) ?? [] where !used.contains(scope) {
      advise("scopes: no tool uses '\(scope)'; an operator would be asked to grant it for nothing")
    }
    for (index, tool) in manifest.tools.enumerated() {
      look(at: tool, (json["tools"]?.array ?? [])[safe: index] ?? .null)
    }
    if manifest.id.hasPrefix("org.example.") {
      advise("id: '\(manifest.id)' is an example; use the name of something that is yours, two skills with one id collide")
    }
  }

  private mutating func look(at tool: ToolDeclaration, _ json: JSON) {
    let name = tool.name
    if Self.commands.contains(name) {
      advise("\(name): '/\(name)' is a command of the host, so nobody can call this tool in a chat")
    }
    if json["effect"] == nil {
      advise("\(name): says no effect, so it is a write and waits for approval; say \"effect\": \"read\" or \"write\"")
    }
    if tool.summary.isEmpty {
      advise("\(name): has no summary, which is all that people and models are told of it")
    } else if tool.summary.lowercased() == name.lowercased() {
      advise("\(name): the summary '\(tool.summary)' says no more than the name")
    }
    look(at: tool.input, of: tool, path: "")
    if tool.timeout > SkillLimits().timeout {
      advise("\(name): asks for \(tool.timeout), but the host ends every call after \(SkillLimits().timeout)")
    }
  }

  private mutating func look(at schema: ObjectSchema, of tool: ToolDeclaration, path: String) {
    for property in schema.properties {
      let full = "\(tool.name): the argument '\(path)\(property.name)'"
      // A summary like "a times b" has said what they are.
      let isNamed = tool.summary.split { !$0.isLetter && !$0.isNumber && $0 != "_" }.contains { $0 == property.name }
      if property.schema.summary?.isEmpty ?? true, !isNamed { advise("\(full) has no description") }
      if !Names.isIdentifier(property.name) { advise("\(full) is not an identifier: models and people mistype such names") }
      switch property.schema.shape {
      case .array(elements: nil): advise("\(full) has no 'items', so a model has to guess what belongs into the list")
      case .object(let members?): look(at: members, of: tool, path: "\(path)\(property.name).")
      case .object(nil): advise("\(full) has no 'properties', so a model has to guess what belongs into the object")
      default: break
      }
    }
  }

  // MARK: The image

  private static let largeImage = 32 << 20

  private mutating func look(at image: ELFImage, _ manifest: SkillManifest, size: Int) {
    let known = Set(manifest.tools.map(\.symbol)).union(["oc_open_v1", "oc_close_v1"])
    // Swift exports what belongs to its modules whatever one says; it is harmless there.
    let others = image.exports.filter { $0.isFunction && !known.contains($0.name) && !$0.name.hasPrefix("$s") }.map(\.name)
    if !others.isEmpty {
      advise(
        "exports \(others.count) function\(others.count == 1 ? " that is no tool" : "s that are no tools") "
          + "(\(others.sorted().prefix(3).joined(separator: ", "))\(others.count > 3 ? ", …" : "")): compile with -fvisibility=hidden"
      )
    }
    if image.exports.contains(where: \.isUnique) {
      advise("has symbols that are unique in a process, which keeps old builds in memory: compile with -fno-gnu-unique")
    }
    if size > Self.largeImage {
      advise("is \(size >> 20) MiB large: strip it, and link only what it needs (-Wl,--gc-sections)")
    }
  }
}

extension Array {
  fileprivate subscript(safe index: Int) -> Element? { indices.contains(index) ? self[index] : nil }
}
