/// JSON in the order in which it was put together, so that a manifest is the same in every build.
indirect enum ManifestJSON {
  /// Already JSON: a number.
  case raw(String)
  case bool(Bool)
  case string(String)
  case array([ManifestJSON])
  case object([(String, ManifestJSON)])

  var text: String {
    switch self {
    case .raw(let text): text
    case .bool(let value): value ? "true" : "false"
    case .string(let value): Self.quoted(value)
    case .array(let elements): "[" + elements.map(\.text).joined(separator: ",") + "]"
    case .object(let members): "{" + members.map { "\(Self.quoted($0)):\($1.text)" }.joined(separator: ",") + "}"
    }
  }

  private static func quoted(_ text: String) -> String {
    var output = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": output += "\\\""
      case "\\": output += "\\\\"
      case "\u{0}"..<"\u{20}": output += "\\u00" + (scalar.value < 16 ? "0" : "") + String(scalar.value, radix: 16)
      default: output.unicodeScalars.append(scalar)
      }
    }
    return output + "\""
  }
}
