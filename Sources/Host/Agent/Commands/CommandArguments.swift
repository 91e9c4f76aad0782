import Core

/// Reads the arguments of a tool from a command line: `title="two words" priority=2`, or values in the tool's order.
struct CommandArguments {
  private let tool: Tool
  private var values: [String: JSON] = [:]

  /// The arguments as an object; missing ones are left to the tool's own check.
  ///
  /// - Throws: `badArgument` with the tool's usage when the line cannot be read.
  static func parse(_ line: String, for tool: Tool) throws(ToolError) -> JSON {
    var arguments = CommandArguments(tool: tool)
    try arguments.read(line)
    return .object(arguments.values)
  }

  private init(tool: Tool) {
    self.tool = tool
  }

  private mutating func read(_ line: String) throws(ToolError) {
    if let rest = tool.rest, tool.parameters.count == 1 {
      if !line.isEmpty { values[rest] = .string(line) }
      return
    }
    var scanner = ArgumentScanner(line)
    while let token = try scanner.next(usage: Self.usage(of: tool)) {
      if let name = token.name, let parameter = tool.parameters.first(where: { $0.name == name }) {
        try set(parameter, token.value)
      } else if let rest = tool.rest, onlyRestIsOpen {
        values[rest] = .string(String(line[token.start...]))
        return
      } else if let name = token.name, token.isPlainName {
        throw error("there is no argument \(name)")
      } else {
        try setNext(token.text)
      }
    }
  }

  /// Whether every required argument other than the rest has its value.
  private var onlyRestIsOpen: Bool {
    tool.parameters.allSatisfy { $0.name == tool.rest || !$0.required || values[$0.name] != nil }
  }

  private mutating func setNext(_ text: String) throws(ToolError) {
    guard let parameter = tool.parameters.first(where: { values[$0.name] == nil }) else { throw error("too many arguments") }
    try set(parameter, text)
  }

  private mutating func set(_ parameter: ToolParameter, _ text: String) throws(ToolError) {
    guard values[parameter.name] == nil else { throw error("\(parameter.name) is given twice") }
    values[parameter.name] = try value(text, for: parameter)
  }

  private func value(_ text: String, for parameter: ToolParameter) throws(ToolError) -> JSON {
    switch parameter.kind {
    case .string: return .string(text)
    case .integer:
      guard let number = Int64(text) else { throw error("\(parameter.name) must be a whole number") }
      return .integer(number)
    case .number:
      if let number = Int64(text) { return .integer(number) }
      guard let number = Double(text), number.isFinite else { throw error("\(parameter.name) must be a number") }
      return .double(number)
    case .boolean:
      guard let flag = Bool(text) else { throw error("\(parameter.name) must be true or false") }
      return .bool(flag)
    case .json:
      do {
        return try JSON(parsing: text)
      } catch {
        throw self.error("\(parameter.name) must be JSON: \(error)")
      }
    }
  }

  private func error(_ reason: String) -> ToolError {
    ToolError(.badArgument, "\(reason); usage: \(Self.usage(of: tool))")
  }

  /// `/tickets.create title=<string> [priority=<integer>]`
  static func usage(of tool: Tool) -> String {
    let parameters = tool.parameters.map { parameter in
      if parameter.name == tool.rest { return "<\(parameter.name)…>" }
      let text = "\(parameter.name)=<\(parameter.kind.rawValue)>"
      return parameter.required ? text : "[\(text)]"
    }
    return (["/\(tool.name)"] + parameters).joined(separator: " ")
  }
}

/// Cuts a line into arguments. Quotes `"…"` or `“…”` hold spaces, with `\` escaping the next character; `{…}` and `[…]` hold JSON.
struct ArgumentScanner {
  struct Token: Equatable {
    /// What stands before an unquoted `=`.
    let name: String?
    let value: String
    /// The whole argument, when it is taken as positional.
    let text: String
    /// Where it begins in the line.
    let start: String.Index
    /// Whether the name could be a parameter's: letters, digits, `_`, `-`, `.` only.
    let isPlainName: Bool
  }

  private let line: String
  private var position: String.Index

  init(_ line: String) {
    self.line = line
    position = line.startIndex
  }

  /// The next argument; nil at the end.
  mutating func next(usage: @autoclosure () -> String) throws(ToolError) -> Token? {
    while let character = peek, character.isWhitespace { advance() }
    guard peek != nil else { return nil }
    let start = position
    var name: String?
    var value = ""
    var text = ""
    if peek == "{" || peek == "[" {
      text = try takeJSON(usage: usage())
      return Token(name: nil, value: text, text: text, start: start, isPlainName: false)
    }
    while let character = peek, !character.isWhitespace {
      if character == "=" && name == nil {
        name = value
        value = ""
        text.append(character)
        advance()
        if peek == "{" || peek == "[" {
          value = try takeJSON(usage: usage())
          text += value
        }
      } else if let closing = Self.closingQuote(character) {
        let quoted = try takeQuoted(until: closing, usage: usage())
        value += quoted
        text += quoted
      } else {
        value.append(character)
        text.append(character)
        advance()
      }
    }
    let isPlain = name.map { !$0.isEmpty && $0.allSatisfy { $0.isLetter || $0.isNumber || "_-.".contains($0) } } ?? false
    return Token(name: name, value: value, text: text, start: start, isPlainName: isPlain)
  }

  private var peek: Character? { position < line.endIndex ? line[position] : nil }

  private mutating func advance() { position = line.index(after: position) }

  private static func closingQuote(_ opening: Character) -> Character? {
    switch opening {
    case "\"": "\""
    case "“": "”"
    default: nil
    }
  }

  private mutating func takeQuoted(until closing: Character, usage: String) throws(ToolError) -> String {
    advance()
    var text = ""
    while let character = peek {
      advance()
      if character == closing { return text }
      if character == "\\", let next = peek {
        text.append(next == "n" ? "\n" : next)
        advance()
      } else {
        text.append(character)
      }
    }
    throw ToolError(.badArgument, "a quote is not closed; usage: \(usage)")
  }

  /// Takes a bracketed JSON text up to its matching bracket; the strict parser judges it later.
  private mutating func takeJSON(usage: String) throws(ToolError) -> String {
    var text = ""
    var depth = 0
    var isQuoted = false
    while let character = peek {
      advance()
      text.append(character)
      switch character {
      case "\\" where isQuoted:
        if let next = peek {
          text.append(next)
          advance()
        }
      case "\"": isQuoted.toggle()
      case "{" where !isQuoted, "[" where !isQuoted: depth += 1
      case "}" where !isQuoted, "]" where !isQuoted:
        depth -= 1
        if depth == 0 { return text }
      default: break
      }
    }
    throw ToolError(.badArgument, "a bracket is not closed; usage: \(usage)")
  }
}
