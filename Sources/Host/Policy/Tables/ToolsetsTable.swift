import Yams

/// `toolsets.yaml`: names for groups of tools. `Toolset::"notes_write"` in a rule is every tool that one of its patterns fits.
struct ToolsetsTable: Sendable {
  struct Toolset: Sendable {
    let name: String
    let patterns: [NamePattern]
  }

  struct NamePattern: Sendable {
    let text: String
    let pattern: Pattern
    let line: Int
    let column: Int
  }

  let toolsets: [Toolset]
  /// For complaints about a pattern; nil when there is no such file.
  let source: SourceFile?

  static let fileName = "toolsets.yaml"
  private static let largest = 256

  init(_ toolsets: [Toolset] = [], source: SourceFile? = nil) {
    self.toolsets = toolsets
    self.source = source
  }

  /// The groups that a tool is in.
  func groups(of tool: String) -> [EntityUID] {
    guard !toolsets.isEmpty else { return [] }
    let tool = Text(tool)
    return toolsets.filter { $0.patterns.contains { $0.pattern.matches(tool) } }.map { EntityUID("Toolset", $0.name) }
  }

  static func read(_ source: SourceFile) -> (table: ToolsetsTable, problems: [PolicyProblem]) {
    var reader = TableReader(source)
    guard let root = reader.root() else { return (ToolsetsTable(), reader.problems) }
    var toolsets: [Toolset] = []
    for (name, keyNode, value) in reader.entries(root, "the file") {
      if !isPlainName(name) {
        reader.report("unusable toolset name `\(name)`", at: keyNode, help: "1 to 64 letters, digits, `-`, `_`, `.` or `/`")
      }
      toolsets.append(Toolset(name: name, patterns: reader.namePatterns(value, "toolset `\(name)`")))
    }
    if toolsets.count > largest { reader.report("\(toolsets.count) toolsets; at most \(largest) are allowed", at: root) }
    return (ToolsetsTable(toolsets, source: source), reader.problems)
  }
}

extension TableReader {
  /// Names of tools with `*` for any text.
  fileprivate mutating func namePatterns(_ node: Node, _ what: String) -> [ToolsetsTable.NamePattern] {
    let elements = list(node, what)
    if elements.isEmpty, node.sequence != nil { report("\(what) has no tools", at: node, help: "[notes.put, \"notes.delete*\"]") }
    return elements.compactMap { element in
      string(element, "a tool").flatMap { namePattern($0, element) }
    }
  }
}
