package import Core

extension SkillInspection {
  /// For `--json`.
  package var fields: [String: JSON] {
    var fields: [String: JSON] = [
      "file": .string(file), "size": .integer(Int64(size)), "sha256": .string(hash), "signature": signature.json,
      "libraries": .array(neededLibraries.map(JSON.string)), "needs_grant": .array(neededGrants.map(JSON.string)),
      "refused_by": .array(
        refusals.map { ["code": .string($0.code.rawValue), "message": .string($0.message)] }),
    ]
    if let manifest {
      fields["id"] = .string(manifest.id)
      fields["version"] = .string(manifest.version)
      fields["tools"] = .array(manifest.tools.map(\.json))
    }
    switch instructions {
    case .success(let text)?:
      fields["instructions"] = [
        "name": .string(text.name), "description": .string(text.description), "bytes": .integer(Int64(text.text.utf8.count)),
      ]
    case .failure(let failure)?: fields["instructions"] = ["error": .string(failure.reason)]
    case nil: break
    }
    return fields
  }

  /// For a person.
  package var text: String {
    var lines = [manifest.map { "\($0.id) \($0.version)" } ?? "\(file): no readable manifest"]
    lines += [
      "  file          \(file)",
      "  size          \(size) bytes",
      "  sha256        \(hash)",
      "  signature     \(signature.text)",
      "  libraries     \(neededLibraries.isEmpty ? "none" : neededLibraries.joined(separator: ", "))",
    ]
    switch instructions {
    case .success(let text)?: lines.append("  instructions  \(text.overview): \(text.description)")
    case .failure(let failure)?: lines.append("  instructions  \(SkillInstructions.fileName) is not used: \(failure.reason)")
    case nil: break
    }
    for tool in manifest?.tools ?? [] { lines += ["", "  " + tool.heading] + tool.details.map { "      " + $0 } }
    lines.append("")
    if !neededGrants.isEmpty {
      lines.append("Its tools wait for a grant of: \(neededGrants.joined(separator: ", "))")
    }
    lines += refusals.map { "Refused (\($0.code.rawValue)): \($0.message)" }
    if refusals.isEmpty { lines.append("Nothing in the file would refuse it.") }
    return lines.joined(separator: "\n")
  }
}

extension SkillInspection.Signature {
  /// `signed by ops (key …)`
  package var text: String {
    switch self {
    case .none: "none"
    case .good(let key, let name?): "signed by \(name), key \(key)"
    case .good(let key, nil): "signed by \(key), which is not a trusted key"
    case .bad(let reason): "bad: \(reason)"
    }
  }

  /// For `--json`: null, or an object.
  package var json: JSON {
    switch self {
    case .none: .null
    case .good(let key, let name): ["key": .string(key.description), "signer": name.map(JSON.string) ?? .null, "fits": true]
    case .bad(let reason): ["fits": false, "reason": .string(reason)]
    }
  }
}

extension ToolDeclaration {
  fileprivate var heading: String {
    "\(name)  \(effect.rawValue)  \(signature?.text ?? "json")\(summary.isEmpty ? "" : "  \(summary)")"
  }

  fileprivate var details: [String] {
    var lines = input.properties.map { property in
      let summary = property.schema.summary.map { "  \($0)" } ?? ""
      return "\(property.name): \(property.schema.kind.rawValue)\(property.isRequired ? "" : ", optional")\(summary)"
    }
    if !scopes.isEmpty { lines.append("scopes: \(scopes.map(\.text).sorted().joined(separator: ", "))") }
    return lines
  }

  fileprivate var json: JSON {
    [
      "name": .string(name), "summary": .string(summary), "effect": .string(effect.rawValue), "symbol": .string(symbol),
      "call": .string(signature?.text ?? "json"), "scopes": .array(scopes.map(\.text).sorted().map(JSON.string)),
      "timeout_ms": .integer(timeout.components.seconds * 1000 + timeout.components.attoseconds / 1_000_000_000_000_000),
      "max_result": .integer(Int64(maximumResult)), "concurrency": .integer(Int64(concurrency)),
      "parameters": input.jsonSchema,
    ]
  }
}
