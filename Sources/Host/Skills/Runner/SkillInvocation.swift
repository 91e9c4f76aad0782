import Core
import SkillLoader

/// One call of one exported function, ready to be sent or made.
struct SkillInvocation: Sendable {
  let symbol: String
  /// Nil: a JSON tool.
  let signature: Signature?
  /// The canonical JSON object, or the packed arguments of the signature.
  let arguments: [UInt8]
  /// The idempotency key, at most `OC_KEY_TEXT_MAX` bytes.
  let key: String
  let timeout: Duration
  /// Bytes of the result.
  let maximumResult: Int

  static let longestKey = Int(OC_KEY_TEXT_MAX)

  /// The payload of a CALL message.
  func message(deadline: Timestamp) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.appendInteger(UInt16(symbol.utf8.count))
    bytes.appendInteger(UInt16(signature?.text.utf8.count ?? 0))
    bytes.appendInteger(UInt32(arguments.count))
    bytes.appendInteger(deadline.milliseconds)
    bytes.appendInteger(UInt16(key.utf8.count))
    bytes.append(contentsOf: [0, 0, 0, 0, 0, 0])
    bytes.append(contentsOf: symbol.utf8)
    bytes.append(contentsOf: signature?.text.utf8 ?? "".utf8)
    bytes.append(contentsOf: key.utf8)
    return bytes + arguments
  }

  /// The JSON result of a call that ended with `result` after replying `pieces`.
  func decode(_ result: RunnerResult, pieces: [UInt8]) throws(ToolError) -> JSON {
    if let signature { return try signature.result.decode(result, maximumSize: maximumResult) }
    guard result.status == OC_OK else { throw ToolError(status: result.status, text: result.text) }
    guard result.type == OC_TYPE_NONE else { throw ToolError(.protocolError, "a JSON tool returned a typed value") }
    if pieces.isEmpty { return .null }
    do throws(JSONError) {
      return try JSON(parsing: pieces)
    } catch {
      throw ToolError(.protocolError, "the tool's reply is not valid JSON: \(error)")
    }
  }
}

extension NativeType {
  /// The JSON result of a call of a typed tool with a result of this type. `maximumSize` is in bytes.
  func decode(_ result: RunnerResult, maximumSize: Int) throws(ToolError) -> JSON {
    guard result.status == OC_OK else { throw ToolError(status: result.status, text: result.text) }
    guard result.type == wireValue else {
      throw ToolError(.protocolError, "the skill returned another type than its signature says")
    }
    guard result.text.count <= maximumSize else { throw ToolError(.tooLarge, "the result is over \(maximumSize) bytes") }
    return try Signature.decode(result.bits, text: result.text, as: self)
  }
}

extension ToolError {
  static func argumentsTooLarge(_ size: Int, limit: Int) -> ToolError {
    ToolError(.tooLarge, "the arguments have \(size) bytes, at most \(limit) are allowed")
  }

  /// The error that a skill's own status code stands for.
  init(status: Int32, text: [UInt8]) {
    let code: Code =
      switch status {
      case OC_BAD_ARGUMENT: .badArgument
      case OC_DENIED: .denied
      case OC_NOT_FOUND: .notFound
      case OC_CONFLICT: .conflict
      case OC_UNAVAILABLE: .unavailable
      case OC_CANCELLED: .cancelled
      case OC_DEADLINE: .deadline
      case OC_TOO_LARGE: .tooLarge
      case OC_FIRST_SKILL_STATUS...: .skill
      default: .internal
      }
    let reason = String(decoding: text.prefix(Int(OC_MESSAGE_MAX)), as: UTF8.self)
    self.init(code, reason.isEmpty ? "the tool failed with status \(status)" : reason)
  }
}
