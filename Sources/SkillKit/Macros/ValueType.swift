import SwiftSyntax

/// A type that a parameter or a result may have.
indirect enum ValueType {
  case number(Number)
  case bool
  case string
  case optional(ValueType)
  case array(ValueType)
  case dictionary(ValueType)

  enum Number: String {
    case int = "Int"
    case int32 = "Int32"
    case int64 = "Int64"
    case uint = "UInt"
    case uint32 = "UInt32"
    case uint64 = "UInt64"
    case float = "Float"
    case double = "Double"
  }

  static let allowed = """
    Bool, String, Int, Int32, Int64, UInt, UInt32, UInt64, Float, Double, an optional or array of these, \
    or a dictionary with String keys
    """

  init?(_ type: TypeSyntax) {
    let type = type.trimmed
    if let optional = type.as(OptionalTypeSyntax.self) {
      guard let wrapped = ValueType(optional.wrappedType) else { return nil }
      self = .optional(wrapped)
    } else if let array = type.as(ArrayTypeSyntax.self) {
      guard let element = ValueType(array.element) else { return nil }
      self = .array(element)
    } else if let dictionary = type.as(DictionaryTypeSyntax.self) {
      guard dictionary.key.trimmedDescription == "String", let value = ValueType(dictionary.value) else { return nil }
      self = .dictionary(value)
    } else {
      switch type.trimmedDescription {
      case "Bool": self = .bool
      case "String": self = .string
      default:
        guard let number = Number(rawValue: type.trimmedDescription) else { return nil }
        self = .number(number)
      }
    }
  }

  /// The type in a signature; nil for what needs a JSON tool.
  var native: String? {
    switch self {
    case .number(.int), .number(.int64): "i64"
    case .number(.int32): "i32"
    case .number(.uint), .number(.uint64): "u64"
    case .number(.uint32): "u32"
    case .number(.float): "f32"
    case .number(.double): "f64"
    case .bool: "bool"
    case .string: "str"
    case .optional, .array, .dictionary: nil
    }
  }

  /// The type of the C function's parameter or result.
  var cType: String {
    switch self {
    case .number(.int): "Int64"
    case .number(.uint): "UInt64"
    case .number(let number): number.rawValue
    case .bool: "Bool"
    default: "UnsafePointer<CChar>"
    }
  }

  /// The Swift value of a C argument.
  func fromC(_ name: String) -> String {
    switch self {
    case .number(.int): "Int(\(name))"
    case .number(.uint): "UInt(\(name))"
    case .string: "String(cString: \(name))"
    default: name
    }
  }

  /// The C value of a Swift result.
  func toC(_ expression: String) -> String {
    switch self {
    case .number(.int): "Int64(\(expression))"
    case .number(.uint): "UInt64(\(expression))"
    case .string: "SkillKit.ToolEntry.text(\(expression))"
    default: expression
    }
  }

  var isOptional: Bool { if case .optional = self { true } else { false } }

  var isInteger: Bool {
    switch self {
    case .number(.float), .number(.double): false
    case .number: true
    case .optional(let wrapped): wrapped.isInteger
    default: false
    }
  }

  /// The members of its JSON Schema.
  var schema: [(String, ManifestJSON)] {
    switch self {
    case .number(.float), .number(.double): [("type", .string("number"))]
    case .number(let number): [("type", .string("integer"))] + Self.bounds(number)
    case .bool: [("type", .string("boolean"))]
    case .string: [("type", .string("string"))]
    case .optional(let wrapped): wrapped.schema
    case .array(let element): [("type", .string("array")), ("items", .object(element.schema))]
    case .dictionary: [("type", .string("object"))]
    }
  }

  private static func bounds(_ number: Number) -> [(String, ManifestJSON)] {
    switch number {
    case .int32: [("minimum", .raw("\(Int32.min)")), ("maximum", .raw("\(Int32.max)"))]
    case .uint32: [("minimum", .raw("0")), ("maximum", .raw("\(UInt32.max)"))]
    case .uint, .uint64: [("minimum", .raw("0"))]
    default: []
    }
  }
}
