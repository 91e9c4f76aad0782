import Yams

/// Reads one YAML table strictly: every scalar is taken as it is written (`on`, `0755` and `22:30` are text), and whatever could
/// be read in two ways is a problem: unknown and repeated keys, anchors, aliases, merge keys, tags, several documents.
struct TableReader {
  let source: SourceFile
  private(set) var problems: [PolicyProblem] = []
  /// Levels that a table may have; the tables need four.
  private static let maximumDepth = 8

  init(_ source: SourceFile) {
    self.source = source
  }

  /// The top of the document; nil when it is empty or unreadable.
  mutating func root() -> Node? {
    guard let text = String(validating: source.bytes, as: UTF8.self) else {
      problems.append(source.problem("the file is not valid UTF-8", line: 1, column: 1))
      return nil
    }
    guard !isTooDeep() else { return nil }
    do {
      let parser = try Yams.Parser(yaml: text, resolver: .basic)
      let root = try parser.singleRoot()
      // Nodes refer weakly to their anchors, which the parser owns.
      return withExtendedLifetime(parser) { root.flatMap { isPlain($0, depth: 0) ? $0 : nil } }
    } catch {
      report(error)
      return nil
    }
  }

  /// Counts brackets before the recursive parser sees them.
  private mutating func isTooDeep() -> Bool {
    var depth = 0
    for (offset, byte) in source.bytes.enumerated() {
      if byte == UInt8(ascii: "[") || byte == UInt8(ascii: "{") { depth += 1 }
      if byte == UInt8(ascii: "]") || byte == UInt8(ascii: "}") { depth -= 1 }
      guard depth > 64 else { continue }
      problems.append(source.problem("nested too deep", at: Span(start: offset, end: offset + 1)))
      return true
    }
    return false
  }

  private mutating func isPlain(_ node: Node, depth: Int) -> Bool {
    guard depth <= Self.maximumDepth else {
      report("nested too deep", at: node)
      return false
    }
    guard node.anchor == nil, node.alias == nil else {
      report("anchors and aliases are not allowed", at: node, help: "write the value out")
      return false
    }
    guard hasNoTag(node) else {
      report("tags are not allowed", at: node, help: "leave the !… out")
      return false
    }
    switch node {
    case .scalar, .alias: return true
    case .sequence(let sequence): return sequence.reduce(true) { isPlain($1, depth: depth + 1) && $0 }
    case .mapping(let mapping):
      return mapping.reduce(true) { isPlain($1.key, depth: depth + 1) && isPlain($1.value, depth: depth + 1) && $0 }
    }
  }

  /// The library notes a kind's default tag on nodes that it has compared; it stands for nothing written.
  private func hasNoTag(_ node: Node) -> Bool {
    switch node {
    case .scalar(let scalar): ["", "!", Tag.Name.str.rawValue].contains(scalar.tag.rawValue)
    case .mapping(let mapping): ["", Tag.Name.map.rawValue].contains(mapping.tag.rawValue)
    case .sequence(let sequence): ["", Tag.Name.seq.rawValue].contains(sequence.tag.rawValue)
    case .alias: false
    }
  }
}

// MARK: - Problems

extension TableReader {
  mutating func report(_ message: String, at node: Node?, help: String? = nil) {
    problems.append(source.problem(message, line: node?.mark?.line ?? 1, column: node?.mark?.column ?? 1, help: help))
  }

  private mutating func report(_ error: any Error) {
    switch error as? YamlError {
    case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _), .composer(_, let problem, let mark, _):
      problems.append(source.problem(problem, line: mark.line, column: mark.column))
    case .duplicatedKeysInMapping(let duplicates, let context):
      let keys = duplicates.sorted().map { "`\($0)`" }.joined(separator: ", ")
      problems.append(source.problem("key given twice: \(keys)", line: context.mark.line, column: context.mark.column))
    default:
      problems.append(source.problem("not readable as YAML", line: 1, column: 1))
    }
  }
}

// MARK: - Values

extension TableReader {
  /// The text of a scalar that is not empty.
  mutating func string(_ node: Node, _ what: String) -> String? {
    guard let scalar = node.scalar else {
      report("\(what) must be text", at: node)
      return nil
    }
    let isNull = scalar.style == .plain && ["", "~", "null"].contains(scalar.string)
    guard !isNull, !scalar.string.isEmpty else {
      report("\(what) is empty", at: node)
      return nil
    }
    return scalar.string
  }

  mutating func list(_ node: Node, _ what: String) -> [Node] {
    guard let sequence = node.sequence else {
      report("\(what) must be a list", at: node, help: "[first, second]")
      return []
    }
    return Array(sequence)
  }

  /// The entries of a mapping with their keys as written.
  mutating func entries(_ node: Node, _ what: String) -> [(key: String, keyNode: Node, value: Node)] {
    guard let mapping = node.mapping else {
      report("\(what) must be a mapping", at: node, help: "key: value")
      return []
    }
    var entries: [(key: String, keyNode: Node, value: Node)] = []
    for (keyNode, value) in mapping {
      guard let key = string(keyNode, "a key") else { continue }
      guard key != "<<" else {
        report("merge keys are not allowed", at: keyNode, help: "write the keys out")
        continue
      }
      guard !entries.contains(where: { Text($0.key) == Text(key) }) else {
        report("key given twice: `\(key)`", at: keyNode)
        continue
      }
      entries.append((key, keyNode, value))
    }
    return entries
  }

  /// A mapping with fixed keys, by key. Unknown and missing ones are reported.
  mutating func fields(_ node: Node, _ what: String, required: [String], optional: [String] = []) -> [String: Node] {
    var fields: [String: Node] = [:]
    let known = required + optional
    guard node.mapping != nil else {
      report("\(what) must be a mapping", at: node, help: "with the keys \(known.joined(separator: ", "))")
      return [:]
    }
    for (key, keyNode, value) in entries(node, what) {
      if known.contains(key) {
        fields[key] = value
      } else {
        report(
          "unknown key `\(key)` in \(what)", at: keyNode,
          help: suggestion(for: key, among: known) ?? "known: \(known.joined(separator: ", "))")
      }
    }
    for key in required where fields[key] == nil { report("\(what) lacks the key `\(key)`", at: node) }
    return fields
  }

  /// Role names: a list of plain names without repetition.
  mutating func roles(_ node: Node, _ what: String) -> [String] {
    var roles: [String] = []
    for element in list(node, what) {
      guard let role = string(element, "a role") else { continue }
      if !isPlainName(role) {
        report("unusable role name `\(role)`", at: element, help: "1 to 64 letters, digits, `-`, `_`, `.` or `/`")
      } else if roles.contains(role) {
        report("role `\(role)` given twice", at: element)
      } else {
        roles.append(role)
      }
    }
    return roles
  }
}

// MARK: - Numbers and times

extension TableReader {
  /// `90s`, `15m`, `2h`.
  mutating func duration(_ node: Node, _ what: String, atMost longest: Duration) -> Duration? {
    guard let text = string(node, what) else { return nil }
    if let duration = duration(text, atMost: longest) { return duration }
    report(
      "\(what) must be a time from 1s to \(longest.components.seconds / 3600)h", at: node,
      help: "a number with s, m or h: 90s, 15m, 2h")
    return nil
  }

  func duration(_ text: String, atMost longest: Duration) -> Duration? {
    let units = ["s": 1, "m": 60, "h": 3600]
    guard let unit = text.last.flatMap({ units[String($0)] }), let number = wholeNumber(String(text.dropLast())), number > 0
    else { return nil }
    let duration = Duration.seconds(number * unit)
    return duration <= longest ? duration : nil
  }

  /// ASCII digits without sign and leading zero, at most nine of them.
  func wholeNumber(_ text: String) -> Int? {
    let isPlain = text.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    guard isPlain, (1...9).contains(text.utf8.count), text == "0" || !text.hasPrefix("0") else { return nil }
    return Int(text)
  }

  /// One of a few words.
  mutating func one(of known: [String], _ node: Node, _ what: String) -> String? {
    guard let text = string(node, what) else { return nil }
    guard known.contains(text) else {
      report(
        "\(what) is `\(text)`", at: node, help: suggestion(for: text, among: known) ?? "known: \(known.joined(separator: ", "))")
      return nil
    }
    return text
  }

  /// The name of a tool with `*` for any text.
  mutating func namePattern(_ text: String, _ node: Node) -> ToolsetsTable.NamePattern? {
    guard isPlainName(String(text.map { $0 == "*" ? "a" : $0 })) else {
      report("unusable tool name `\(text)`", at: node, help: "letters, digits, `-`, `_`, `.` and `*` for any text")
      return nil
    }
    let pieces = text.split(separator: "*", omittingEmptySubsequences: false).map { Array($0.utf8) }
    return ToolsetsTable.NamePattern(
      text: text, pattern: Pattern(pieces: pieces), line: node.mark?.line ?? 1, column: node.mark?.column ?? 1)
  }
}
