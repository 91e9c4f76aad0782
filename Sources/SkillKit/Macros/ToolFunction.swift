import SwiftSyntax

/// A function that carries `@Tool`, read.
struct ToolFunction {
  struct Parameter {
    /// Nil: without a label.
    let label: String?
    let name: String
    /// Nil: a `Call`.
    let type: ValueType?
    let fallback: ManifestJSON?
    var description: String?
  }

  let name: String
  let symbol: String
  let scopes: [String]
  private let function: String
  private let effect: String
  private let summary: String
  private let parameters: [Parameter]
  private let isThrowing: Bool
  /// Nil: nothing.
  private let result: ValueType?
  /// Results of other types are left to `SkillValue`.
  private let resultIsSimple: Bool
  private let options: ToolOptions

  init?(_ declaration: FunctionDeclSyntax, _ attribute: AttributeSyntax, prefix: String, _ problems: inout Problems) {
    let before = problems.found.count
    function = declaration.name.text
    guard declaration.modifiers.contains(where: { $0.name.text == "static" }) else {
      problems.error("a tool is a static function", at: declaration.funcKeyword)
      return nil
    }
    if let generic = declaration.genericParameterClause { problems.error("a tool cannot be generic", at: generic) }
    let effects = declaration.signature.effectSpecifiers
    if let async = effects?.asyncSpecifier {
      problems.error("a tool cannot be async: the host makes one call at a time", at: async)
    }
    isThrowing = effects?.throwsClause != nil

    let comment = DocComment(declaration.leadingTrivia)
    summary = comment.summary
    if summary.isEmpty {
      problems.warning(
        "say in a doc comment (///) what '\(function)' does: people and models are told nothing else", at: declaration.name)
    } else if summary.unicodeScalars.count > 200 {
      problems.error("the first paragraph of the doc comment is the summary and has at most 200 characters", at: declaration.name)
    }

    options = ToolOptions(attribute, &problems)
    effect = options.effect
    scopes = options.scopes
    parameters = declaration.signature.parameterClause.parameters.compactMap { parameter in
      Self.parameter(parameter, comment, &problems)
    }
    let returned = declaration.signature.returnClause?.type.trimmed
    let isVoid = returned == nil || ["Void", "()"].contains(returned?.description)
    result = isVoid ? nil : returned.flatMap { ValueType($0) }
    resultIsSimple = result?.native != nil
    name = options.name ?? Self.publicName(function, prefix)
    symbol = "oc_tool_" + name.map { $0.isLetter || $0.isNumber ? String($0) : "_" }.joined()
    if !SkillDeclaration.isToolName(name) || name.utf8.count > 64 {
      problems.error(
        "'\(name)' is no name of a tool: lower-case words joined by dots, at most 64 characters", at: declaration.name)
    }
    let known = parameters.filter { $0.type != nil }.map(\.name)
    for (place, wanted) in options.namedParameters where !known.contains(wanted) {
      problems.error("there is no parameter '\(wanted)'; there are: \(known.joined(separator: ", "))", at: place)
    }
    if problems.found[before...].contains(where: { $0.diagMessage.severity == .error }) { return nil }
  }

  private static func parameter(
    _ syntax: FunctionParameterSyntax, _ comment: DocComment, _ problems: inout Problems
  ) -> Parameter? {
    let name = (syntax.secondName ?? syntax.firstName).text
    let label = syntax.firstName.text == "_" ? nil : syntax.firstName.text
    if syntax.type.trimmedDescription == "Call" || syntax.type.trimmedDescription == "SkillKit.Call" {
      return Parameter(label: label, name: name, type: nil, fallback: nil)
    }
    guard syntax.ellipsis == nil, let type = ValueType(syntax.type) else {
      problems.error("a parameter is of type Call, \(ValueType.allowed)", at: syntax.type)
      return nil
    }
    var fallback: ManifestJSON?
    if let value = syntax.defaultValue?.value {
      fallback = value.manifestLiteral
      let isNil = value.is(NilLiteralExprSyntax.self)
      if fallback == nil && !isNil {
        problems.error("a default stands in the manifest, so it is a literal: a number, true, false or a text", at: value)
      }
    }
    return Parameter(label: label, name: name, type: type, fallback: fallback, description: comment.parameters[name])
  }

  /// `createTicket` in a skill `org.example.tickets` becomes `tickets.create-ticket`.
  private static func publicName(_ function: String, _ prefix: String) -> String {
    var words = ""
    for character in function {
      if character.isUppercase && !words.isEmpty { words += "-" }
      words += character.lowercased()
    }
    return words == prefix ? words : "\(prefix).\(words)"
  }

  // MARK: What is made of it

  /// A plain C function that the host calls by its signature, rather than one that reads and writes JSON.
  private var isTyped: Bool {
    !isThrowing && resultIsSimple && !parameters.isEmpty && parameters.count <= 16
      && parameters.allSatisfy { $0.type?.native != nil }
  }

  private var inputs: [(Parameter, ValueType)] {
    parameters.compactMap { parameter in parameter.type.map { (parameter, $0) } }
  }

  var manifest: ManifestJSON {
    var members: [(String, ManifestJSON)] = [
      ("name", .string(name)), ("summary", .string(summary)), ("symbol", .string(symbol)), ("effect", .string(effect)),
    ]
    if isTyped {
      let list = inputs.map { "\($0.name):\($1.native ?? "")" }.joined(separator: ",")
      members.append(("call", .string("\(result?.native ?? "")(\(list))")))
    } else {
      members.append(("call", .string("json")))
    }
    if !inputs.isEmpty {
      let required = inputs.filter { $0.fallback == nil && !$1.isOptional }.map { ManifestJSON.string($0.0.name) }
      members.append(
        (
          "parameters",
          .object([
            ("type", .string("object")), ("required", .array(required)),
            ("properties", .object(inputs.map { ($0.name, .object(schema($0, $1))) })),
          ])
        ))
    }
    if !scopes.isEmpty { members.append(("scopes", .array(scopes.map { .string($0) }))) }
    return .object(members + options.manifest)
  }

  private func schema(_ parameter: Parameter, _ type: ValueType) -> [(String, ManifestJSON)] {
    var members = type.schema
    if let range = options.ranges[parameter.name] {
      let keys = type.schema.first?.1.text == "\"string\"" ? ("minLength", "maxLength") : ("minimum", "maximum")
      members.removeAll { $0.0 == keys.0 || $0.0 == keys.1 }
      members += [(keys.0, .raw(range.0)), (keys.1, .raw(range.1))]
    }
    if let choices = options.choices[parameter.name] { members.append(("enum", .array(choices.map { .string($0) }))) }
    if let description = parameter.description { members.append(("description", .string(description))) }
    if let fallback = parameter.fallback { members.append(("default", fallback)) }
    return members
  }

  /// The exported C function. All of them have one name and differ in their labels, because a macro may not choose names freely.
  func thunk(in type: String) -> String {
    if isTyped, let result {
      let list = inputs.enumerated().map { "\($0 == 0 ? "\(symbol) " : "")p\($0): \($1.1.cType)" }.joined(separator: ", ")
      let given = inputs.enumerated().map { Self.passed($1.0, $1.1.fromC("p\($0)")) }.joined(separator: ", ")
      return """
        @c(\(symbol)) public func oc_tools_\(type)(\(list)) -> \(result.cType) {
          \(result.toC("\(type).\(function)(\(given))"))
        }
        """
    }
    let given = parameters.map { Self.passed($0, $0.type == nil ? "call" : "call.argument(\"\($0.name)\")") }
    let attempt = isThrowing || !inputs.isEmpty ? "try " : ""
    return """
      @c(\(symbol)) public func oc_tools_\(type)(\(symbol) pointer: UnsafeRawPointer) -> Int32 {
        SkillKit.ToolEntry.answer(pointer) { call in \(attempt)\(type).\(function)(\(given.joined(separator: ", "))) }
      }
      """
  }

  private static func passed(_ parameter: Parameter, _ value: String) -> String {
    parameter.label.map { "\($0): \(value)" } ?? value
  }
}
