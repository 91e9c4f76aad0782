/// What a skill can ask of the host.
enum Capability: String, Sendable, CaseIterable {
  case keyValueGet = "kv.get"
  case keyValuePut = "kv.put"
  case keyValueDelete = "kv.delete"
  case keyValueList = "kv.list"
  case clock

  /// The scope that a tool must have declared; nil when none is needed.
  var scope: Scope? {
    switch self {
    case .keyValueGet, .keyValueList: .keyValueRead
    case .keyValuePut, .keyValueDelete: .keyValueWrite
    case .clock: nil
    }
  }

  /// Whether only a tool whose effect is `write` may use it.
  var isWrite: Bool { scope?.isWrite ?? false }
}
