import SwiftSyntax

/// A type that carries `@Skill`, read.
struct SkillDeclaration {
  static let longestManifest = 65_536

  let id: String
  let version: String
  /// The type's name.
  let type: String
  private(set) var tools: [ToolFunction] = []

  /// Nil when nothing can be made of it; `problems` says why.
  init?(_ node: AttributeSyntax, _ declaration: some DeclGroupSyntax, _ problems: inout Problems) {
    let arguments = node.arguments?.as(LabeledExprListSyntax.self)
    guard let id = arguments?.first?.expression,
      let version = arguments?.first(where: { $0.label?.text == "version" })?.expression
    else { return nil }
    guard let idText = id.plainString, Self.isID(idText) else {
      problems.error("the id is a literal like \"org.example.hello\": lower-case words joined by dots", at: id)
      return nil
    }
    guard let versionText = version.plainString, Self.isVersion(versionText) else {
      problems.error("the version is a literal like \"1.2.0\"", at: version)
      return nil
    }
    guard
      let name = declaration.as(EnumDeclSyntax.self)?.name ?? declaration.as(StructDeclSyntax.self)?.name
        ?? declaration.as(ClassDeclSyntax.self)?.name
    else {
      problems.error("@Skill belongs to an enum, a struct or a class", at: node)
      return nil
    }
    self.id = idText
    self.version = versionText
    type = name.text
    let prefix = String(idText.split(separator: ".").last ?? "")
    for member in declaration.memberBlock.members {
      guard let function = member.decl.as(FunctionDeclSyntax.self),
        let attribute = function.attributes.lazy.compactMap({ $0.as(AttributeSyntax.self) })
          .first(where: { $0.attributeName.trimmedDescription == "Tool" })
      else { continue }
      guard let tool = ToolFunction(function, attribute, prefix: prefix, &problems) else { continue }
      if tools.contains(where: { $0.name == tool.name || $0.symbol == tool.symbol }) {
        problems.error("there are two tools named '\(tool.name)'; give one of them a name of its own", at: function.name)
      }
      tools.append(tool)
    }
    if tools.isEmpty && !problems.hasErrors {
      problems.error("a skill has at least one static function with @Tool(.read) or @Tool(.write)", at: node)
    }
    if tools.count > 64 { problems.error("a skill has at most 64 tools", at: node) }
  }

  var manifest: ManifestJSON {
    var members: [(String, ManifestJSON)] = [
      ("abi", .array([.raw("1"), .raw("0")])), ("id", .string(id)), ("version", .string(version)),
    ]
    var scopes: [String] = []
    for scope in tools.flatMap(\.scopes) where !scopes.contains(scope) { scopes.append(scope) }
    if !scopes.isEmpty { members.append(("scopes", .array(scopes.map { .string($0) }))) }
    members.append(("tools", .array(tools.map(\.manifest))))
    return .object(members)
  }

  private static func isID(_ text: String) -> Bool {
    let words = text.split(separator: ".", omittingEmptySubsequences: false)
    return words.count >= 2 && isToolName(text)
  }

  /// Words of lower-case letters, digits, `-` and `_`, joined by dots; a letter first.
  static func isToolName(_ text: String) -> Bool {
    guard let first = text.utf8.first, (0x61...0x7a).contains(first) else { return false }
    return text.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { word in
      guard let first = word.first, first != "-", first != "_" else { return false }
      return word.utf8.allSatisfy { (0x61...0x7a).contains($0) || (0x30...0x39).contains($0) || $0 == 0x2d || $0 == 0x5f }
    }
  }

  private static func isVersion(_ text: String) -> Bool {
    let core = text.prefix { $0 != "-" && $0 != "+" }
    let numbers = core.split(separator: ".", omittingEmptySubsequences: false)
    return numbers.count == 3 && numbers.allSatisfy { !$0.isEmpty && $0.utf8.allSatisfy { (0x30...0x39).contains($0) } }
  }
}
