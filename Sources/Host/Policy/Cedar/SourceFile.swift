/// A stretch of a source file, in bytes.
struct Span: Hashable, Sendable {
  var start: Int
  var end: Int

  func through(_ other: Span) -> Span { Span(start: start, end: other.end) }
}

/// One file of rules or tables, as read. Knows where its lines are, so that every complaint can show its place.
final class SourceFile: Sendable {
  /// Bytes that one file may have.
  static let maximumSize = 256 * 1024

  /// As shown to people: `policies/00-base.cedar`.
  let name: String
  let bytes: [UInt8]
  private let lineStarts: [Int]

  init(name: String, bytes: [UInt8]) {
    self.name = name
    self.bytes = bytes
    lineStarts = [0] + bytes.indices.lazy.filter { bytes[$0] == UInt8(ascii: "\n") }.map { $0 + 1 }
  }

  convenience init(name: String, text: String) {
    self.init(name: name, bytes: Array(text.utf8))
  }

  /// Line and column from 1; columns count Unicode scalars.
  func position(of offset: Int) -> (line: Int, column: Int) {
    let offset = min(max(offset, 0), bytes.count)
    var low = 0
    var high = lineStarts.count - 1
    while low < high {
      let middle = (low + high + 1) / 2
      if lineStarts[middle] <= offset { low = middle } else { high = middle - 1 }
    }
    return (low + 1, scalarCount(lineStarts[low]..<offset) + 1)
  }

  /// `policies/00-base.cedar:5:8`.
  func place(of span: Span) -> String {
    let (line, column) = position(of: span.start)
    return "\(name):\(line):\(column)"
  }

  /// The problem at `span`, with its line shown below.
  func problem(
    _ message: String, at span: Span, help: String? = nil, code: PolicyProblem.Code = .syntax
  ) -> PolicyProblem {
    let (line, column) = position(of: span.start)
    let end = min(span.end, lineEnd(line))
    return PolicyProblem(
      file: name, line: line, column: column, length: max(1, scalarCount(span.start..<max(span.start, end))), message: message,
      sourceLine: self.line(line), help: help, code: code)
  }

  /// The problem at a line and column that somebody else counted.
  func problem(
    _ message: String, line: Int, column: Int, help: String? = nil, code: PolicyProblem.Code = .syntax
  ) -> PolicyProblem {
    PolicyProblem(
      file: name, line: line, column: column, length: 1, message: message, sourceLine: self.line(line), help: help, code: code)
  }

  private func line(_ number: Int) -> String? {
    guard lineStarts.indices.contains(number - 1) else { return nil }
    return String(decoding: bytes[lineStarts[number - 1]..<lineEnd(number)], as: UTF8.self)
  }

  private func lineEnd(_ number: Int) -> Int {
    number < lineStarts.count ? lineStarts[number] - 1 : bytes.count
  }

  private func scalarCount(_ range: Range<Int>) -> Int {
    bytes[range.clamped(to: bytes.indices)].count { $0 & 0xc0 != 0x80 }
  }
}
