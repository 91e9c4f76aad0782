/// Reads a schema in Cedar's own notation. Types are resolved after everything was read: a name may be used before it is declared.
extension Parser {
  /// - Throws: the first problem.
  static func schema(_ source: SourceFile) throws(PolicyError) -> Schema {
    do {
      var parser = try Parser(source, as: .schema)
      var draft = SchemaDraft()
      while parser.peek.kind != .end { try parser.namespaceOrDeclaration(&draft) }
      return try draft.schema()
    } catch {
      throw PolicyError(problems: [source.problem(error.message, at: error.span, help: error.help)])
    }
  }

  private mutating func namespaceOrDeclaration(_ draft: inout SchemaDraft) throws(SyntaxError) {
    _ = try annotations()
    guard take(word: "namespace") else { return try declaration(&draft, in: nil) }
    let name = try path("the namespace's name")
    try expect(.leftBrace, "after the namespace's name")
    while !take(.rightBrace) {
      _ = try annotations()
      try declaration(&draft, in: name)
    }
  }

  private mutating func declaration(_ draft: inout SchemaDraft, in namespace: Text?) throws(SyntaxError) {
    if take(word: "entity") { return try entityDeclaration(&draft, in: namespace) }
    if take(word: "action") { return try actionDeclaration(&draft, in: namespace) }
    guard take(word: "type") else { throw unexpected("`entity`, `action`, `type` or `namespace`") }
    let span = peek.span
    let name = try name("the type's name")
    try expect(.assign, "after the type's name")
    let type = try schemaType()
    try expect(.semicolon, "at the end of the type")
    try draft.add(type: name, type, in: namespace, at: span)
  }

  private mutating func entityDeclaration(_ draft: inout SchemaDraft, in namespace: Text?) throws(SyntaxError) {
    let span = peek.span
    var names = [try name("the entity type's name")]
    while take(.comma) { names.append(try name("the entity type's name")) }
    var entity = SchemaDraft.Entity(namespace: namespace, span: span)
    if take(word: "enum") {
      try expect(.leftBracket, "after `enum`")
      var ids: [Text] = []
      while peek.kind != .symbol(.rightBracket) {
        ids.append(try string("an id in double quotes"))
        guard take(.comma) else { break }
      }
      try expect(.rightBracket, "after the ids")
      entity.ids = ids
    } else {
      if take(word: "in") { entity.memberOf = try pathOrPaths() }
      let hasSign = take(.assign)
      if hasSign || peek.kind == .symbol(.leftBrace) { entity.attributes = try schemaRecord() }
      if take(word: "tags") { _ = try schemaType() }
    }
    try expect(.semicolon, "at the end of the entity type")
    for name in names { try draft.add(entity: name, entity, at: span) }
  }

  private mutating func actionDeclaration(_ draft: inout SchemaDraft, in namespace: Text?) throws(SyntaxError) {
    let span = peek.span
    var names = [try nameOrString("the action's name")]
    while take(.comma) { names.append(try nameOrString("the action's name")) }
    var action = SchemaDraft.Action(namespace: namespace)
    if take(word: "in") { action.memberOf = try actionReferences() }
    if take(word: "appliesTo") {
      try expect(.leftBrace, "after `appliesTo`")
      while !take(.rightBrace) {
        let part = peek
        let word = try schemaWord("`principal`, `resource` or `context`")
        try expect(.colon, "after `\(word)`")
        switch word {
        case "principal": action.principals = try pathOrPaths()
        case "resource": action.resources = try pathOrPaths()
        case "context": action.context = try schemaType()
        default:
          throw SyntaxError(message: "unknown part `\(word)`", span: part.span, help: "known: principal, resource, context")
        }
        if !take(.comma), peek.kind != .symbol(.rightBrace) { throw unexpected("`,` or `}`") }
      }
    }
    if take(word: "attributes") { _ = try schemaRecord() }
    try expect(.semicolon, "at the end of the action")
    for name in names { try draft.add(action: name, action, at: span) }
  }
}

// MARK: - Parts

extension Parser {
  private mutating func actionReferences() throws(SyntaxError) -> [SchemaDraft.ActionReference] {
    guard take(.leftBracket) else { return [try actionReference()] }
    var references: [SchemaDraft.ActionReference] = []
    while peek.kind != .symbol(.rightBracket) {
      references.append(try actionReference())
      guard take(.comma) else { break }
    }
    try expect(.rightBracket, "after the actions")
    return references
  }

  /// `"name"`, `name`, or `Some::Action::"name"`.
  private mutating func actionReference() throws(SyntaxError) -> SchemaDraft.ActionReference {
    if peek.kind == .identifier, second.kind == .symbol(.path) {
      let uid = try entity()
      return SchemaDraft.ActionReference(type: uid.type, id: uid.id)
    }
    return SchemaDraft.ActionReference(type: nil, id: try nameOrString("an action"))
  }

  private mutating func pathOrPaths() throws(SyntaxError) -> [SchemaDraft.Name] {
    guard take(.leftBracket) else { return [try schemaName()] }
    var names: [SchemaDraft.Name] = []
    while peek.kind != .symbol(.rightBracket) {
      names.append(try schemaName())
      guard take(.comma) else { break }
    }
    try expect(.rightBracket, "after the types")
    return names
  }

  /// A dotted name of a type; `__cedar::Long` is one.
  private mutating func schemaName() throws(SyntaxError) -> SchemaDraft.Name {
    let start = peek.span
    var path = try schemaWord("a type")
    while take(.path) { path += "::" + (try schemaWord("a type")) }
    return SchemaDraft.Name(path: Text(path), span: Span(start: start.start, end: lastEnd))
  }

  private mutating func schemaType() throws(SyntaxError) -> SchemaDraft.Shape {
    nesting += 1
    defer { nesting -= 1 }
    guard nesting <= Expression.maximumHeight else {
      throw SyntaxError(message: "nested deeper than \(Expression.maximumHeight) levels", span: peek.span)
    }
    if isNext(word: "Set"), second.kind == .symbol(.less) {
      advance()
      advance()
      let element = try schemaType()
      try expect(.greater, "after the type of the elements")
      return .set(element)
    }
    return peek.kind == .symbol(.leftBrace) ? try schemaRecord() : .name(try schemaName())
  }

  private mutating func schemaRecord() throws(SyntaxError) -> SchemaDraft.Shape {
    guard peek.kind == .symbol(.leftBrace) else { return .name(try schemaName()) }
    advance()
    var members: [SchemaDraft.Member] = []
    while peek.kind != .symbol(.rightBrace) {
      _ = try annotations()
      let span = peek.span
      let name = try nameOrString("an attribute")
      guard !members.contains(where: { $0.name == name }) else {
        throw SyntaxError(message: "attribute `\(name)` given twice", span: span)
      }
      let isRequired = !take(.question)
      try expect(.colon, "after the attribute")
      members.append(SchemaDraft.Member(name: name, shape: try schemaType(), isRequired: isRequired))
      guard take(.comma) else { break }
    }
    try expect(.rightBrace, "after the last attribute")
    return .record(members)
  }

  private mutating func nameOrString(_ purpose: String) throws(SyntaxError) -> Text {
    peek.kind == .string ? try string(purpose) : Text(try schemaWord(purpose))
  }

  /// Any identifier: what is reserved in a rule may be an attribute's name in a schema.
  private mutating func schemaWord(_ purpose: String) throws(SyntaxError) -> String {
    guard peek.kind == .identifier else { throw unexpected(purpose) }
    return text(advance())
  }
}
