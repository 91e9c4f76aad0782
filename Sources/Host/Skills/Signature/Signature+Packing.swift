import Core
import SkillLoader

extension Signature {
  /// Packs arguments that the tool's schema has checked: one 8-byte slot for each parameter, then the strings, each ended by NUL.
  ///
  /// Throws `badArgument` for what a schema made from this signature would have refused.
  func pack(_ arguments: [String: JSON]) throws(ToolError) -> [UInt8] {
    var slots: [UInt8] = []
    var texts: [UInt8] = []
    for parameter in parameters {
      guard let value = arguments[parameter.name], let slot = Self.slot(value, parameter.type, &texts) else {
        throw ToolError(.badArgument, "argument '\(parameter.name)' does not fit the type \(parameter.type.rawValue)")
      }
      withUnsafeBytes(of: slot) { slots.append(contentsOf: $0) }
    }
    return slots + texts
  }

  private static func slot(_ value: JSON, _ type: NativeType, _ texts: inout [UInt8]) -> UInt64? {
    switch type {
    case .i32: value.integer.flatMap { Int32(exactly: $0) }.map { UInt64(bitPattern: Int64($0)) }
    case .i64: value.integer.map { UInt64(bitPattern: $0) }
    case .u32: value.integer.flatMap { UInt32(exactly: $0) }.map { UInt64($0) }
    case .u64: value.integer.flatMap { UInt64(exactly: $0) }
    case .f32: value.number.map { Float($0) }.flatMap { $0.isFinite ? UInt64($0.bitPattern) : nil }
    case .f64: value.number.flatMap { $0.isFinite ? $0.bitPattern : nil }
    case .bool: value.bool.map { $0 ? 1 : 0 }
    case .str: value.string.flatMap { text(Array($0.utf8), &texts) }
    }
  }

  private static func text(_ bytes: [UInt8], _ texts: inout [UInt8]) -> UInt64? {
    guard !bytes.contains(0), let offset = UInt32(exactly: texts.count), let length = UInt32(exactly: bytes.count) else {
      return nil
    }
    texts.append(contentsOf: bytes)
    texts.append(0)
    // The struct {uint32 offset, uint32 length} on a little-endian machine.
    return UInt64(offset) | UInt64(length) << 32
  }

  /// The JSON of a typed result. Throws `internal` for what JSON cannot hold.
  static func decode(_ bits: UInt64, text: [UInt8], as type: NativeType) throws(ToolError) -> JSON {
    switch type {
    case .i32: return .integer(Int64(Int32(truncatingIfNeeded: bits)))
    case .i64: return .integer(Int64(bitPattern: bits))
    case .u32: return .integer(Int64(UInt32(truncatingIfNeeded: bits)))
    case .u64:
      guard let value = Int64(exactly: bits) else {
        throw ToolError(.internal, "the tool's result \(bits) is above \(Int64.max), the largest integer that JSON holds here")
      }
      return .integer(value)
    case .f32:
      let value = Float(bitPattern: UInt32(truncatingIfNeeded: bits))
      // Through the shortest decimal form: 0.1 stays 0.1 instead of becoming 0.10000000149011612.
      return try finite(value.isFinite ? Double("\(value)") ?? Double(value) : .nan)
    case .f64: return try finite(Double(bitPattern: bits))
    case .bool: return .bool(bits & 0xff != 0)
    case .str:
      guard let value = String(validating: text, as: UTF8.self) else {
        throw ToolError(.internal, "the tool's result is not valid UTF-8")
      }
      return .string(value)
    }
  }

  private static func finite(_ value: Double) throws(ToolError) -> JSON {
    guard value.isFinite else { throw ToolError(.internal, "the tool's result is not a finite number") }
    return .double(value)
  }
}
