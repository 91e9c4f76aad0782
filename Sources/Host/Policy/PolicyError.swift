/// One thing wrong with a rule file or a table, and where.
package struct PolicyProblem: Sendable, Hashable, CustomStringConvertible {
  /// What kind of mistake it is, for programs.
  package enum Code: String, Sendable {
    /// The file cannot be read as what it should be.
    case syntax
    case unknownName = "unknown_name"
    case unguardedOptional = "unguarded_optional"
    case typeMismatch = "type_mismatch"
    case neverMatches = "never_matches"
    case duplicateID = "duplicate_id"
    case permitsEverything = "permit_without_action"
    /// `@mode` where it would mean nothing.
    case misplacedMode = "misplaced_mode"
    /// An argument that rules see only in part.
    case fraction
    /// Text that looks like other text.
    case mixedScript = "mixed_script"
    /// A test of `policies/tests` says otherwise.
    case testFailed = "test_failed"
  }

  package let code: Code
  package let file: String
  /// From 1; nil when the problem is the file as a whole.
  package let line: Int?
  /// From 1, in Unicode scalars.
  package let column: Int?
  /// How many scalars the caret underlines.
  package let length: Int
  package let message: String
  package let sourceLine: String?
  /// How to mend it.
  package let help: String?

  init(
    file: String, line: Int? = nil, column: Int? = nil, length: Int = 1, message: String, sourceLine: String? = nil,
    help: String? = nil, code: Code = .syntax
  ) {
    self.code = code
    self.file = file
    self.line = line
    self.column = column
    self.length = length
    self.message = message
    self.sourceLine = sourceLine
    self.help = help
  }

  /// `file:line:column: error: …`, the source line, a caret, a help line.
  package var description: String { described(as: "error") }

  /// The same as a `warning`.
  package func described(as kind: String) -> String {
    let place = [file, line.map(String.init), column.map(String.init)].compactMap(\.self).joined(separator: ":")
    var lines = ["\(place): \(kind): \(message)"]
    if let line, let column, let sourceLine, sourceLine.unicodeScalars.count <= 240 {
      let number = String(line)
      let shown = String(String.UnicodeScalarView(sourceLine.unicodeScalars.map { $0.isHarmless ? $0 : "\u{fffd}" }))
      let indent = sourceLine.unicodeScalars.prefix(column - 1).map { $0 == "\t" ? "\t" : " " }.joined()
      let underline = "^" + String(repeating: "~", count: max(0, length - 1))
      lines.append("  \(number) | \(shown)")
      lines.append("  \(String(repeating: " ", count: number.count)) | \(indent)\(underline)")
    }
    if let help { lines.append("  help: \(help)") }
    return lines.joined(separator: "\n")
  }
}

/// Why a set of rules and tables was not taken: every problem of every file.
package struct PolicyError: Error, Sendable, Equatable, CustomStringConvertible {
  /// In file and line order; never empty.
  package let problems: [PolicyProblem]

  /// Problems that are printed; the rest is counted.
  private static let shown = 50

  package var description: String {
    var parts = problems.prefix(Self.shown).map(\.description)
    if problems.count > Self.shown { parts.append("and \(problems.count - Self.shown) more") }
    return parts.joined(separator: "\n")
  }
}

extension Unicode.Scalar {
  /// Whether a terminal shows it in place: no control character, no change of writing direction.
  var isHarmless: Bool {
    switch value {
    case 0x09: true
    case 0..<0x20, 0x7f..<0xa0: false
    case 0x061c, 0x200e, 0x200f, 0x2028, 0x2029, 0x202a...0x202e, 0x2066...0x2069: false
    default: true
    }
  }
}
