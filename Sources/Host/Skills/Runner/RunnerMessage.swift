import SkillLoader

/// What a runner may say. Everything in it is the skill's word: checked for form here, believed nowhere.
enum RunnerMessage: Equatable, Sendable {
  case hello(Hello)
  case loadFailed(reason: String)
  /// The skill is loaded.
  case loaded
  /// Some bytes of a JSON tool's reply.
  case piece([UInt8])
  case result(RunnerResult)
  case request(CapabilityQuestion)
  case log(level: UInt32, line: String)
}

/// The runner's introduction.
struct Hello: Equatable, Sendable {
  let major: UInt32
  let minor: UInt32
  let protections: UInt32
  let landlock: UInt32
}

/// The end of a call, as the runner reports it.
struct RunnerResult: Equatable, Sendable {
  let status: Int32
  let type: UInt32
  let bits: UInt64
  let text: [UInt8]
}

/// What a skill asks of the host during a call.
struct CapabilityQuestion: Equatable, Sendable {
  let name: String
  let json: [UInt8]
}

/// What the host answers: JSON when `status` is `OC_OK`, else the reason.
struct CapabilityAnswer: Equatable, Sendable {
  let status: Int32
  let body: [UInt8]
}

/// Puts frames together to messages, and refuses what does not add up.
struct MessageAssembler: Sendable {
  private var partial: (kind: UInt16, call: UInt64, bytes: [UInt8])?

  /// Takes one frame; the message that it completes, if any. `textLimit` bounds the text of a result.
  mutating func add(_ frame: Frame, textLimit: Int) throws(ProtocolViolation) -> RunnerMessage? {
    if let partial, partial.kind != frame.kind || partial.call != frame.call {
      throw ProtocolViolation("a message inside another message")
    }
    guard !frame.hasMore || !frame.payload.isEmpty else { throw ProtocolViolation("an empty frame that is not the last") }
    // Pieces are joined anyway, so the limit of the whole reply can be watched frame by frame.
    if frame.kind == OC_FRAME_PIECE { return .piece(frame.payload) }
    var bytes = partial?.bytes ?? []
    bytes += frame.payload
    guard bytes.count <= (try Self.limit(of: frame.kind, textLimit: textLimit)) else {
      throw ProtocolViolation("a message over its limit")
    }
    guard !frame.hasMore else {
      partial = (frame.kind, frame.call, bytes)
      return nil
    }
    partial = nil
    let outcome: Result<RunnerMessage, ProtocolViolation> = bytes.withUnsafeBytes { buffer in
      do throws(ProtocolViolation) {
        return .success(try Self.message(kind: frame.kind, ImageBytes(buffer)))
      } catch {
        return .failure(error)
      }
    }
    return try outcome.get()
  }

  private static func limit(of kind: UInt16, textLimit: Int) throws(ProtocolViolation) -> Int {
    switch kind {
    case OC_FRAME_HELLO: MemoryLayout<oc_frame_hello>.size
    case OC_FRAME_LOAD_FAILED: Int(OC_MESSAGE_MAX)
    case OC_FRAME_LOADED: 0
    case OC_FRAME_RETURN: MemoryLayout<oc_frame_return>.size + max(textLimit, Int(OC_MESSAGE_MAX))
    case OC_FRAME_REQUEST: MemoryLayout<oc_frame_request>.size + Int(OC_REQUEST_NAME_MAX) + WireLimit.request
    case OC_FRAME_LOG: MemoryLayout<oc_frame_log>.size + Int(OC_MESSAGE_MAX)
    default: throw ProtocolViolation("a frame of unknown kind \(kind)")
    }
  }

  private static func message(kind: UInt16, _ bytes: ImageBytes) throws(ProtocolViolation) -> RunnerMessage {
    switch kind {
    case OC_FRAME_HELLO:
      guard bytes.count == UInt64(MemoryLayout<oc_frame_hello>.size), let major = bytes.integer(UInt32.self, at: 0),
        let minor = bytes.integer(UInt32.self, at: 4), let protections = bytes.integer(UInt32.self, at: 8),
        let landlock = bytes.integer(UInt32.self, at: 12)
      else { throw ProtocolViolation("a malformed hello") }
      return .hello(Hello(major: major, minor: minor, protections: protections, landlock: landlock))
    case OC_FRAME_LOAD_FAILED:
      return .loadFailed(reason: String(decoding: bytes.array, as: UTF8.self))
    case OC_FRAME_LOADED: return .loaded
    case OC_FRAME_RETURN:
      guard let status = bytes.integer(Int32.self, at: 0), let type = bytes.integer(UInt32.self, at: 4),
        let bits = bytes.integer(UInt64.self, at: 8), let length = bytes.integer(UInt32.self, at: 16),
        let text = bytes.slice(at: UInt64(MemoryLayout<oc_frame_return>.size), count: UInt64(length)),
        bytes.count == UInt64(MemoryLayout<oc_frame_return>.size) + UInt64(length)
      else { throw ProtocolViolation("a malformed result") }
      return .result(RunnerResult(status: status, type: type, bits: bits, text: text.array))
    case OC_FRAME_REQUEST:
      let head = UInt64(MemoryLayout<oc_frame_request>.size)
      guard let nameLength = bytes.integer(UInt16.self, at: 0), let length = bytes.integer(UInt32.self, at: 4),
        nameLength <= OC_REQUEST_NAME_MAX, bytes.count == head + UInt64(nameLength) + UInt64(length),
        let name = bytes.slice(at: head, count: UInt64(nameLength)),
        let json = bytes.slice(at: head + UInt64(nameLength), count: UInt64(length))
      else { throw ProtocolViolation("a malformed request") }
      return .request(CapabilityQuestion(name: String(decoding: name.array, as: UTF8.self), json: json.array))
    case OC_FRAME_LOG:
      let head = UInt64(MemoryLayout<oc_frame_log>.size)
      guard let level = bytes.integer(UInt32.self, at: 0), let line = bytes.slice(at: head, count: bytes.count - head) else {
        throw ProtocolViolation("a malformed log line")
      }
      return .log(level: level, line: String(decoding: line.array, as: UTF8.self))
    default: throw ProtocolViolation("a frame of unknown kind \(kind)")
    }
  }
}
