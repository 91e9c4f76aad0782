import SwiftDiagnostics
import SwiftSyntax
import SwiftSyntaxMacros

/// `@Skill`: the manifest note as a member, and beside the type one C function for each tool.
public struct SkillMacro: MemberMacro, PeerMacro {
  /// The note. Everything that is wrong with the declaration is said here, and only here.
  public static func expansion(
    of node: AttributeSyntax, providingMembersOf declaration: some DeclGroupSyntax, conformingTo protocols: [TypeSyntax],
    in context: some MacroExpansionContext
  ) throws -> [DeclSyntax] {
    var problems = Problems()
    let skill = SkillDeclaration(node, declaration, &problems)
    for problem in problems.found { context.diagnose(problem) }
    guard let skill, !problems.hasErrors else { return [] }
    let manifest = skill.manifest.text
    guard manifest.utf8.count <= SkillDeclaration.longestManifest else {
      context.diagnose(Problems.error("the manifest of this skill is over 64 KiB", at: node))
      return []
    }
    let words = Note.words(manifest)
    return [
      """
      @section(".note.openclaw.skill") @used static let oc_manifest_note: [\(raw: words.count) of UInt32] = \
      [\(raw: words.map(String.init).joined(separator: ", "))]
      """
    ]
  }

  public static func expansion(
    of node: AttributeSyntax, providingPeersOf declaration: some DeclSyntaxProtocol, in context: some MacroExpansionContext
  ) throws -> [DeclSyntax] {
    var problems = Problems()
    guard let group = declaration.asProtocol(DeclGroupSyntax.self), let skill = SkillDeclaration(node, group, &problems),
      !problems.hasErrors
    else { return [] }
    return skill.tools.map { DeclSyntax(stringLiteral: $0.thunk(in: skill.type)) }
  }
}

/// `@Tool`: a mark that `@Skill` reads.
public struct ToolMacro: PeerMacro {
  public static func expansion(
    of node: AttributeSyntax, providingPeersOf declaration: some DeclSyntaxProtocol, in context: some MacroExpansionContext
  ) throws -> [DeclSyntax] {
    let isInSkill = context.lexicalContext.first?.asProtocol(WithAttributesSyntax.self)?.attributes
      .contains { $0.as(AttributeSyntax.self)?.attributeName.trimmedDescription == "Skill" }
    if isInSkill != true {
      context.diagnose(Problems.error("a tool is a static function directly inside a type that carries @Skill", at: node))
    }
    return []
  }
}

/// The ELF note that carries a manifest.
enum Note {
  /// As the 32-bit words that the note consists of: sizes, type, owner, text, padded with NUL.
  static func words(_ text: String) -> [UInt32] {
    var bytes = Array("openclaw".utf8) + [0, 0, 0, 0] + Array(text.utf8)
    while bytes.count % 4 != 0 { bytes.append(0) }
    var words: [UInt32] = [9, UInt32(text.utf8.count), 0x4f43_5331]
    for start in stride(from: 0, to: bytes.count, by: 4) {
      // Skills are for little-endian machines.
      words.append(bytes[start..<start + 4].reversed().reduce(0) { $0 << 8 | UInt32($1) })
    }
    return words
  }
}
