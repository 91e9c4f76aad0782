/// One word of the rule language.
struct Token: Sendable {
  enum Kind: Equatable, Sendable {
    case identifier
    /// Still escaped; what the escapes mean depends on whether it is a string or a pattern.
    case string
    /// At most 2^63: one more than a Long, so that the smallest Long can be written.
    case integer(UInt64)
    case symbol(Symbol)
    case end
  }

  enum Symbol: String, Sendable {
    case leftParenthesis = "("
    case rightParenthesis = ")"
    case leftBracket = "["
    case rightBracket = "]"
    case leftBrace = "{"
    case rightBrace = "}"
    case comma = ","
    case semicolon = ";"
    case colon = ":"
    case path = "::"
    case dot = "."
    case at = "@"
    case question = "?"
    case equal = "=="
    case notEqual = "!="
    case less = "<"
    case lessOrEqual = "<="
    case greater = ">"
    case greaterOrEqual = ">="
    case and = "&&"
    case or = "||"
    case not = "!"
    case plus = "+"
    case minus = "-"
    case times = "*"
    /// Of schemas alone; in a rule it is a slip of the pen.
    case assign = "="

    /// Schemas have no comparisons: `Set<Set<Long>>=` would be cut wrongly.
    init?(inSchema text: String) {
      guard ["<", ">", "="].contains(text) else { return nil }
      self.init(rawValue: text)
    }
  }

  let kind: Kind
  let span: Span
}

/// What a text is read as.
enum Dialect: Sendable {
  /// Our rule files: every rule has an `@id`, and nothing in them is invisible.
  case house
  /// Whatever official Cedar takes. Rules are named by their place: `policy0`, `policy1`, …
  case official
  /// The types of entities and actions.
  case schema
}

/// What is wrong at one place; becomes a `PolicyProblem` where the file is known.
struct SyntaxError: Error {
  let message: String
  let span: Span
  var help: String?
}
