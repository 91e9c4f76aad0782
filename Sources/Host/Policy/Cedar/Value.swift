/// Names one entity: `User::"alice"`.
struct EntityUID: Hashable, Sendable, CustomStringConvertible {
  let type: Text
  let id: Text

  init(_ type: Text, _ id: Text) {
    self.type = type
    self.id = id
  }

  init(_ type: Text, _ id: String) {
    self.init(type, Text(id))
  }

  var description: String {
    let escaped = id.string.unicodeScalars.map { scalar in
      switch scalar {
      case "\"", "\\": "\\\(scalar)"
      case _ where !scalar.isHarmless: "\\u{\(String(scalar.value, radix: 16))}"
      default: String(scalar)
      }
    }
    return "\(type)::\"\(escaped.joined())\""
  }
}

/// What an expression evaluates to.
enum Value: Hashable, Sendable {
  case bool(Bool)
  case long(Int64)
  case string(Text)
  case entity(EntityUID)
  case set(Set<Value>)
  case record([Text: Value])

  /// The type's name in Cedar, for error messages: values are never shown, they may be somebody's message.
  var typeName: String {
    switch self {
    case .bool: "bool"
    case .long: "long"
    case .string: "string"
    case .entity(let uid): "entity of type \(uid.type)"
    case .set: "set"
    case .record: "record"
    }
  }
}
