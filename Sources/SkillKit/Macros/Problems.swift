import SwiftDiagnostics
import SwiftSyntax

/// What is wrong with a skill's declaration, each at its place.
struct Problems {
  private(set) var found: [Diagnostic] = []

  var hasErrors: Bool { found.contains { $0.diagMessage.severity == .error } }

  mutating func error(_ text: String, at node: some SyntaxProtocol) {
    found.append(Self.error(text, at: node))
  }

  mutating func warning(_ text: String, at node: some SyntaxProtocol) {
    found.append(Diagnostic(node: node, message: Message(message: text, severity: .warning)))
  }

  static func error(_ text: String, at node: some SyntaxProtocol) -> Diagnostic {
    Diagnostic(node: node, message: Message(message: text, severity: .error))
  }

  private struct Message: DiagnosticMessage {
    let message: String
    let severity: DiagnosticSeverity
    var diagnosticID: MessageID { MessageID(domain: "SkillKit", id: message) }
  }
}
