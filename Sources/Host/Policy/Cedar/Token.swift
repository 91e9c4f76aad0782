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
  }

  let kind: Kind
  let span: Span
}

/// What is wrong at one place; becomes a `PolicyProblem` where the file is known.
struct SyntaxError: Error {
  let message: String
  let span: Span
  var help: String?
}
