/// What can be an argument, a result, or a stored value. Conform your own types to store them.
public protocol SkillValue {
  /// Nil when the JSON is of another type or out of range.
  init?(json: JSON)
  var json: JSON { get }
}

extension JSON: SkillValue {
  public init?(json: JSON) { self = json }
  public var json: JSON { self }
}

extension Bool: SkillValue {
  public init?(json: JSON) {
    guard case .bool(let value) = json else { return nil }
    self = value
  }
  public var json: JSON { .bool(self) }
}

extension String: SkillValue {
  public init?(json: JSON) {
    guard case .string(let value) = json else { return nil }
    self = value
  }
  public var json: JSON { .string(self) }
}

/// The integers that JSON holds here end at `Int64.max`; a larger `UInt64` becomes a double.
extension SkillValue where Self: FixedWidthInteger {
  public init?(json: JSON) {
    guard case .integer(let value) = json, let exact = Self(exactly: value) else { return nil }
    self = exact
  }
  public var json: JSON { Int64(exactly: self).map { .integer($0) } ?? .double(Double(self)) }
}

extension Int: SkillValue {}
extension Int32: SkillValue {}
extension Int64: SkillValue {}
extension UInt: SkillValue {}
extension UInt32: SkillValue {}
extension UInt64: SkillValue {}

extension Double: SkillValue {
  public init?(json: JSON) {
    switch json {
    case .integer(let value): self = Double(value)
    case .double(let value): self = value
    default: return nil
    }
  }
  public var json: JSON { .double(self) }
}

extension Float: SkillValue {
  public init?(json: JSON) {
    guard let value = Double(json: json) else { return nil }
    self = Float(value)
  }
  /// Through the shortest decimal form, so that 0.1 stays 0.1.
  public var json: JSON { .double(Double("\(self)") ?? Double(self)) }
}

extension Optional: SkillValue where Wrapped: SkillValue {
  public init?(json: JSON) {
    if json == .null {
      self = .none
    } else {
      guard let value = Wrapped(json: json) else { return nil }
      self = .some(value)
    }
  }
  public var json: JSON { self?.json ?? .null }
}

extension Array: SkillValue where Element: SkillValue {
  public init?(json: JSON) {
    guard case .array(let values) = json else { return nil }
    self = []
    for value in values {
      guard let element = Element(json: value) else { return nil }
      append(element)
    }
  }
  public var json: JSON { .array(map(\.json)) }
}

extension Dictionary: SkillValue where Key == String, Value: SkillValue {
  public init?(json: JSON) {
    guard case .object(let members) = json else { return nil }
    self = [:]
    for (key, member) in members {
      guard let value = Value(json: member) else { return nil }
      self[key] = value
    }
  }
  public var json: JSON { .object(mapValues(\.json)) }
}
