import Core

/// What one argument may be: the part of JSON Schema that manifests use.
struct ValueSchema: Sendable, Equatable {
  indirect enum Shape: Sendable, Equatable {
    /// `length` is in characters (Unicode scalars). `allowsNUL` is false where the text becomes a C string.
    case string(length: ClosedRange<Int>, allowsNUL: Bool)
    case integer(ClosedRange<Int64>)
    case number(ClosedRange<Double>)
    case boolean
    case array(elements: ValueSchema?)
    case object(ObjectSchema?)
  }

  var shape: Shape
  var summary: String?
  /// The values allowed; nil for all.
  var choices: [JSON]?
  /// Used when the argument is not given.
  var fallback: JSON?

  init(_ shape: Shape) {
    self.shape = shape
  }

  static let anyNumber = -Double.greatestFiniteMagnitude...Double.greatestFiniteMagnitude

  var kind: ToolParameter.Kind {
    switch shape {
    case .string: .string
    case .integer: .integer
    case .number: .number
    case .boolean: .boolean
    case .array, .object: .json
    }
  }

  /// The value in the form the tool gets it, or an error that says what is allowed. `name` is the argument's.
  func check(_ value: JSON, for name: String) throws(ToolError) -> JSON {
    let checked = try checkShape(value, for: name)
    if let choices, !choices.contains(checked) {
      throw Self.error(name, "must be one of \(choices.map(\.canonical).joined(separator: ", "))")
    }
    return checked
  }

  private func checkShape(_ value: JSON, for name: String) throws(ToolError) -> JSON {
    switch (shape, value) {
    case (.string(let length, let allowsNUL), .string(let text)):
      guard allowsNUL || !text.utf8.contains(0) else { throw Self.error(name, "must not contain the character U+0000") }
      guard length.contains(text.unicodeScalars.count) else {
        let bounds = length.upperBound == .max ? "at least \(length.lowerBound)" : "\(length.lowerBound) to \(length.upperBound)"
        throw Self.error(name, "must have \(bounds) characters")
      }
      return value
    case (.integer(let range), .integer(let number)):
      guard range.contains(number) else { throw Self.error(name, Self.outside(range)) }
      return value
    case (.integer(let range), .double(let number)):
      // 2.0 is an integer in JSON Schema; past 2^53 a double no longer says which one.
      guard number.magnitude <= 9_007_199_254_740_992, let exact = Int64(exactly: number) else {
        throw Self.error(name, number.isFinite && number.rounded() == number ? Self.outside(range) : "must be an integer")
      }
      guard range.contains(exact) else { throw Self.error(name, Self.outside(range)) }
      return .integer(exact)
    case (.number(let range), .integer(let number)):
      guard range.contains(Double(number)) else { throw Self.error(name, Self.outside(range)) }
      return value
    case (.number(let range), .double(let number)):
      guard range.contains(number) else {
        throw Self.error(name, number.isFinite ? Self.outside(range) : "must be a finite number")
      }
      return value
    case (.boolean, .bool): return value
    case (.array(let elements), .array(let values)):
      guard let elements else { return value }
      var checked: [JSON] = []
      for (index, element) in values.enumerated() { checked.append(try elements.check(element, for: "\(name)[\(index)]")) }
      return .array(checked)
    case (.object(let members), .object):
      guard let members else { return value }
      return .object(try members.check(value, within: name))
    default: throw Self.error(name, "must be \(article) \(typeName), not \(value.typeName)")
    }
  }

  private var typeName: String {
    switch shape {
    case .string: "string"
    case .integer: "integer"
    case .number: "number"
    case .boolean: "boolean"
    case .array: "array"
    case .object: "object"
    }
  }

  private var article: String {
    switch shape {
    case .integer, .array, .object: "an"
    default: "a"
    }
  }

  private static func outside<Bound>(_ range: ClosedRange<Bound>) -> String {
    "must be from \(range.lowerBound) to \(range.upperBound)"
  }

  private static func error(_ name: String, _ reason: String) -> ToolError {
    ToolError(.badArgument, "argument '\(name)' \(reason)")
  }
}
