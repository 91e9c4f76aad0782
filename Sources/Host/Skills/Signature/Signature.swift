import SkillLoader

/// A type of the C side of a typed tool.
enum NativeType: String, Sendable, CaseIterable {
  case i32, i64, u32, u64, f32, f64, bool, str

  /// `OC_TYPE_…` in a return frame.
  var wireValue: UInt32 {
    switch self {
    case .i32: OC_TYPE_I32
    case .i64: OC_TYPE_I64
    case .u32: OC_TYPE_U32
    case .u64: OC_TYPE_U64
    case .f32: OC_TYPE_F32
    case .f64: OC_TYPE_F64
    case .bool: OC_TYPE_BOOL
    case .str: OC_TYPE_STR
    }
  }
}

/// What is wrong with a signature, and where.
struct SignatureError: Error, Equatable, CustomStringConvertible {
  let reason: String
  /// Bytes from the start.
  let offset: Int

  var description: String { "\(reason) at byte \(offset); a signature looks like f64(x:f64,unit:str,n:i32)" }
}

/// The C function behind a typed tool: `f64(x:f64,unit:str,n:i32)`.
struct Signature: Sendable, Equatable {
  struct Parameter: Sendable, Equatable {
    let name: String
    let type: NativeType
  }

  static let maximumParameters = Int(OC_PARAMETERS_MAX)

  /// As written, which is how the loader wants it.
  let text: String
  let result: NativeType
  let parameters: [Parameter]

  init(parsing text: String) throws(SignatureError) {
    var scanner = SignatureScanner(text)
    let result = try scanner.type()
    try scanner.expect("(")
    var parameters: [Parameter] = []
    if !scanner.take(")") {
      repeat {
        let start = scanner.position
        let name = try scanner.name()
        guard !parameters.contains(where: { $0.name == name }) else {
          throw scanner.failure("parameter '\(name)' is named twice", at: start)
        }
        try scanner.expect(":")
        parameters.append(Parameter(name: name, type: try scanner.type()))
        guard parameters.count <= Self.maximumParameters else {
          throw scanner.failure("more than \(Self.maximumParameters) parameters", at: start)
        }
      } while scanner.take(",")
      try scanner.expect(")")
    }
    guard scanner.isAtEnd else { throw scanner.failure("unexpected text after ')'") }
    self.text = text
    self.result = result
    self.parameters = parameters
  }
}

private struct SignatureScanner {
  private let bytes: [UInt8]
  private(set) var position = 0

  init(_ text: String) {
    bytes = Array(text.utf8)
  }

  var isAtEnd: Bool { position == bytes.count }

  func failure(_ reason: String, at offset: Int? = nil) -> SignatureError {
    SignatureError(reason: reason, offset: offset ?? position)
  }

  mutating func take(_ character: Unicode.Scalar) -> Bool {
    guard position < bytes.count, bytes[position] == UInt8(ascii: character) else { return false }
    position += 1
    return true
  }

  mutating func expect(_ character: Unicode.Scalar) throws(SignatureError) {
    guard take(character) else { throw failure("expected '\(character)'") }
  }

  mutating func word() -> String {
    let start = position
    while position < bytes.count, Names.isIdentifier("_" + String(decoding: [bytes[position]], as: UTF8.self)) { position += 1 }
    return String(decoding: bytes[start..<position], as: UTF8.self)
  }

  mutating func name() throws(SignatureError) -> String {
    let start = position
    let name = word()
    guard Names.isIdentifier(name), name.utf8.count <= 64 else {
      throw failure("expected a parameter name of at most 64 characters", at: start)
    }
    return name
  }

  mutating func type() throws(SignatureError) -> NativeType {
    let start = position
    guard let type = NativeType(rawValue: word()) else {
      throw failure("expected a type (\(NativeType.allCases.map(\.rawValue).joined(separator: ", ")))", at: start)
    }
    return type
  }
}
