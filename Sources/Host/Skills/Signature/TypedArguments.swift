import Core

/// The arguments of one typed tool on their way from JSON to C.
///
/// A trusted call costs little else, so what is usual is checked and packed in one pass over the object, without looking a name up
/// by its hash. Everything else, and every error, goes the long way through schema and signature.
final class TypedArguments: Sendable {
  private let signature: Signature
  private let schema: ObjectSchema
  /// Whether no parameter asks for more than its type and a range say.
  private let isPlain: Bool
  private let hasText: Bool
  // One array for each property of the parameters: reading an element of these counts no references.
  private let names: [String]
  private let types: [NativeType]
  private let integers: [ClosedRange<Int64>]
  private let numbers: [ClosedRange<Double>]

  /// `schema` is the one made from `signature`.
  init(_ signature: Signature, _ schema: ObjectSchema) {
    self.signature = signature
    self.schema = schema
    isPlain = schema.properties.allSatisfy { property in
      if case .string(let length, _) = property.schema.shape, length != 0...Int.max { return false }
      return property.schema.choices == nil
    }
    hasText = signature.parameters.contains { $0.type == .str }
    names = signature.parameters.map(\.name)
    types = signature.parameters.map(\.type)
    integers = schema.properties.map { if case .integer(let range) = $0.schema.shape { range } else { 0...0 } }
    numbers = schema.properties.map { if case .number(let range) = $0.schema.shape { range } else { 0...0 } }
  }

  var result: NativeType { signature.result }

  /// Checks the arguments and hands them over packed: slots and strings as `oc_frame_call` has them, aligned to 8 bytes, for as long as
  /// `body` runs. Throws `badArgument`.
  func withPacked<Value>(_ arguments: JSON, _ body: (UnsafeRawBufferPointer) -> Value) throws(ToolError) -> Value {
    if isPlain, case .object(let given) = arguments, given.count == names.count, let value = packPlain(given, body) {
      return value
    }
    let packed = try signature.pack(try schema.check(arguments))
    return withUnsafeTemporaryAllocation(byteCount: max(packed.count, 8), alignment: 8) { buffer in
      buffer.copyBytes(from: packed)
      return body(UnsafeRawBufferPointer(rebasing: buffer[..<packed.count]))
    }
  }

  @inline(__always)
  private func packPlain<Value>(_ given: [String: JSON], _ body: (UnsafeRawBufferPointer) -> Value) -> Value? {
    let slots = names.count * 8
    let size = hasText ? given.values.reduce(slots) { $0 + $1.packedTextSize } : slots
    return withUnsafeTemporaryAllocation(byteCount: max(size, 8), alignment: 8) { buffer in
      var end = slots
      // As many names as parameters, no name twice: when each finds its parameter, none is missing.
      for (name, value) in given {
        guard let index = names.firstIndex(of: name), let slot = slot(value, index, &end, buffer) else { return nil }
        buffer.storeBytes(of: slot, toByteOffset: index * 8, as: UInt64.self)
      }
      return body(UnsafeRawBufferPointer(rebasing: buffer[..<size]))
    }
  }

  /// The bits of one value; the bytes of a string go to `end` of the buffer, which has room for them.
  @inline(__always)
  private func slot(_ value: JSON, _ index: Int, _ end: inout Int, _ buffer: UnsafeMutableRawBufferPointer) -> UInt64? {
    switch (types[index], value) {
    case (.i32, .integer(let number)), (.i64, .integer(let number)), (.u32, .integer(let number)), (.u64, .integer(let number)):
      return integers[index].contains(number) ? UInt64(bitPattern: number) : nil
    case (.f64, .double(let number)): return numbers[index].contains(number) ? number.bitPattern : nil
    case (.f64, .integer(let number)): return numbers[index].contains(Double(number)) ? Double(number).bitPattern : nil
    case (.bool, .bool(let isTrue)): return isTrue ? 1 : 0
    case (.str, .string(var text)):
      let start = end
      let isPacked = text.withUTF8 { bytes in
        guard !bytes.contains(0), UInt32(exactly: start + bytes.count) != nil else { return false }
        UnsafeMutableRawBufferPointer(rebasing: buffer[start...]).copyMemory(from: UnsafeRawBufferPointer(bytes))
        buffer[start + bytes.count] = 0
        end = start + bytes.count + 1
        return true
      }
      // The struct {uint32 offset, uint32 length} on a little-endian machine.
      return isPacked ? UInt64(start - names.count * 8) | UInt64(end - start - 1) << 32 : nil
    default: return nil
    }
  }
}

extension JSON {
  fileprivate var packedTextSize: Int {
    if case .string(let text) = self { text.utf8.count + 1 } else { 0 }
  }
}
