private import SkillABI

/// One call of a tool, and the way to the host while it lasts. May not be kept, nor used on another thread.
///
/// What a skill asks of the host is decided there for each request: a tool needs the scope, and throws `SkillError` without it.
public struct Call {
  let pointer: UnsafeRawPointer
  private let arguments: JSON

  /// How much a line of the log matters.
  public enum Level: UInt32, Sendable {
    case debug, info, warning, error
  }

  init(_ pointer: UnsafeRawPointer) throws(SkillError) {
    self.pointer = pointer
    let given = pointer.assumingMemoryBound(to: oc_call.self).pointee.args
    arguments = try JSON(parsing: UnsafeRawBufferPointer(start: given.ptr, count: given.len))
  }

  private var native: UnsafePointer<oc_call> { pointer.assumingMemoryBound(to: oc_call.self) }

  /// The same text for every attempt at this call: recognise a repeat by it.
  public var id: String {
    String(decoding: UnsafeRawBufferPointer(start: native.pointee.id.ptr, count: native.pointee.id.len), as: UTF8.self)
  }

  /// True once the caller gave up or the time is over; shortly after that the process is killed. Costs next to nothing: ask often.
  public var isCancelled: Bool { oc_cancelled(native) }

  /// Writes one line to the host's log.
  public func log(_ line: String, level: Level = .info) {
    line.withCString { oc_log(native.pointee.host, level.rawValue, $0) }
  }

  /// An argument by its name.
  public func argument<Value: SkillValue>(_ name: String) throws(SkillError) -> Value {
    guard let value = Value(json: arguments[name] ?? .null) else {
      throw .badArgument("argument '\(name)' is missing or of another type")
    }
    return value
  }

  /// Asks the host for a capability by its name, with a JSON object. Throws what the host answers.
  public func request(_ capability: String, _ request: JSON) throws(SkillError) -> JSON {
    var answer = oc_slice()
    let text = Array(request.text.utf8)
    let status = text.withUnsafeBufferPointer { bytes in
      let json = UnsafeRawPointer(bytes.baseAddress)?.assumingMemoryBound(to: CChar.self)
      return oc_request(native, capability, oc_slice(ptr: json, len: bytes.count), &answer)
    }
    let bytes = UnsafeRawBufferPointer(start: answer.ptr, count: answer.len)
    guard status == 0 else {
      throw SkillError(code: status, "\(capability): \(String(decoding: bytes, as: UTF8.self))")
    }
    return try JSON(parsing: bytes)
  }

  func reply(_ json: JSON) -> Int32 {
    let text = Array(json.text.utf8)
    return text.withUnsafeBufferPointer { bytes in
      oc_reply(native, oc_slice(ptr: UnsafeRawPointer(bytes.baseAddress)?.assumingMemoryBound(to: CChar.self), len: bytes.count))
    }
  }

  static func fail(_ error: SkillError, _ pointer: UnsafeRawPointer) -> Int32 {
    error.message.withCString { oc_fail(pointer.assumingMemoryBound(to: oc_call.self), error.code, $0) }
  }
}
