/// What a skill can ask of the host.
enum Capability: String, Sendable, CaseIterable {
  case keyValueGet = "kv.get"
  case keyValuePut = "kv.put"
  case keyValueDelete = "kv.delete"
  case keyValueList = "kv.list"
  case clock
  case log
  case httpFetch = "http.fetch"
  case secretUse = "secret.use"
  case chatSend = "chat.send"

  /// The scope that a tool must have; nil when none is needed, or when it depends on the request.
  var scope: Scope? {
    switch self {
    case .keyValueGet, .keyValueList: .keyValueRead
    case .keyValuePut, .keyValueDelete: .keyValueWrite
    case .chatSend: .chatSend
    case .clock, .log, .httpFetch, .secretUse: nil
    }
  }

  /// Whether only a tool whose effect is `write` may use it.
  var isWrite: Bool { scope?.isWrite ?? false }

  /// Whether it reaches beyond the skill's own things: such a request is on disk before it is performed.
  var hasOutsideEffect: Bool {
    switch self {
    case .httpFetch, .secretUse, .chatSend: true
    case .keyValueGet, .keyValuePut, .keyValueDelete, .keyValueList, .clock, .log: false
    }
  }

  /// Bytes of a request's JSON.
  var largestRequest: Int {
    switch self {
    case .httpFetch: 2 << 20
    default: 2 * CapabilityGate.largestValue
    }
  }
}
