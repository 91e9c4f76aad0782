import Yams

/// A place in a file: line and column from 1.
struct FilePosition: Sendable, Hashable, Comparable {
  let line: Int
  let column: Int

  init(_ mark: Mark?) {
    line = mark?.line ?? 1
    column = mark?.column ?? 1
  }

  /// `openclaw.yaml:3:5`
  func description(in file: String) -> String {
    "\(file):\(line):\(column)"
  }

  static func < (left: FilePosition, right: FilePosition) -> Bool {
    (left.line, left.column) < (right.line, right.column)
  }
}

/// One value of a YAML file as it was written, with its place. Scalars stay text: what they mean is decided by the key.
struct YAMLNode: Sendable {
  struct Member: Sendable {
    let key: String
    let place: FilePosition
    let value: YAMLNode
  }

  enum Content: Sendable {
    case scalar(String, quoted: Bool)
    case list([YAMLNode])
    case mapping([Member])
    /// Reported already; whoever meets it says nothing.
    case refused
  }

  /// Something that YAML allows and we do not.
  struct Refusal: Sendable, Hashable {
    let place: FilePosition
    let reason: String
  }

  let content: Content
  let place: FilePosition

  /// For error messages.
  var typeName: String {
    switch content {
    case .scalar: isNull ? "nothing" : "a single value"
    case .list: "a list"
    case .mapping: "a mapping"
    case .refused: "a refused value"
    }
  }

  /// `key:` with nothing behind it, `~` or `null`.
  var isNull: Bool {
    if case .scalar(let text, quoted: false) = content { ["", "~", "null", "Null", "NULL"].contains(text) } else { false }
  }
}

extension YAMLNode {
  /// Reads one document; nil when the text holds none. Anchors, aliases and tags are refused: they hide what a file says.
  ///
  /// - Parameters:
  ///   - name: what errors call the file.
  ///   - refusals: what was refused on the way.
  /// - Throws: when the text is not YAML, or repeats a key.
  init?(parsing text: String, name: String, refusals: inout [Refusal]) throws(ConfigurationError) {
    do {
      let parser = try Parser(yaml: text)
      guard let root = try parser.singleRoot() else { return nil }
      self.init(root, refusals: &refusals)
      // A node refers to its anchor weakly; the parser is what keeps it alive until the nodes are read.
      withExtendedLifetime(parser) {}
    } catch {
      throw ConfigurationError([Self.problem(for: error, in: name)])
    }
  }

  private init(_ node: Node, refusals: inout [Refusal]) {
    let place = FilePosition(node.mark)
    self.place = place
    // What an anchor holds is not looked at: nested aliases could unfold to gigabytes.
    if let anchor = node.anchor {
      refusals.append(
        Refusal(place: place, reason: "anchors and aliases (&\(anchor.rawValue)) are not allowed; write the value out"))
      content = .refused
      return
    }
    if Self.hasTag(node) { refusals.append(Refusal(place: place, reason: "tags (!…) are not allowed; write the value alone")) }
    switch node {
    case .scalar(let scalar): content = .scalar(scalar.string, quoted: scalar.style != .plain)
    case .sequence(let sequence): content = .list(sequence.map { YAMLNode($0, refusals: &refusals) })
    case .mapping(let mapping): content = .mapping(mapping.compactMap { Self.member($0.key, $0.value, refusals: &refusals) })
    // The parser puts the anchored value itself here; that was refused above.
    case .alias: content = .refused
    }
  }

  private static func member(_ key: Node, _ value: Node, refusals: inout [Refusal]) -> Member? {
    let place = FilePosition(key.mark)
    guard case .scalar(let scalar) = key, scalar.anchor == nil else {
      refusals.append(Refusal(place: place, reason: "a key must be plain text"))
      return nil
    }
    return Member(key: scalar.string, place: place, value: YAMLNode(value, refusals: &refusals))
  }

  private static func hasTag(_ node: Node) -> Bool {
    switch node {
    // Asking the node would resolve what is implicit; the scalar says what was written.
    case .scalar(let scalar): scalar.tag.description != (scalar.style == .plain ? Tag.Name.implicit : .str).rawValue
    case .sequence: node.tag.description != Tag.Name.seq.rawValue
    case .mapping: node.tag.description != Tag.Name.map.rawValue
    case .alias: false
    }
  }

  private static func problem(for error: any Error, in name: String) -> ConfigurationProblem {
    func at(_ mark: Mark) -> String { FilePosition(mark).description(in: name) }
    switch error as? YamlError {
    case .scanner(let context, let problem, let mark, _), .parser(let context, let problem, let mark, _):
      let inside = context.map { " (\($0.text) that begins at line \($0.mark.line))" } ?? ""
      return ConfigurationProblem(place: at(mark), message: "not valid YAML: \(problem)\(inside)")
    case .composer(_, let problem, let mark, _):
      return ConfigurationProblem(place: at(mark), message: "not valid YAML: \(problem)")
    case .duplicatedKeysInMapping(let keys, let context):
      let names = keys.map { "'\($0)'" }.joined(separator: ", ")
      return ConfigurationProblem(place: at(context.mark), message: "\(names) given twice in the same mapping; keep one")
    case .reader(let problem, _, _, _):
      return ConfigurationProblem(place: name, message: "not readable as UTF-8 text: \(problem)")
    default:
      return ConfigurationProblem(place: name, message: "not valid YAML")
    }
  }
}
