import Core

/// One piece of a message: text, a mention, a picture. Members keep their order, as CQ codes do.
struct OneBotSegment: Sendable, Hashable {
  struct Member: Sendable, Hashable {
    let name: String
    let value: JSON
  }

  let type: String
  let data: [Member]

  init(type: String, data: [Member] = []) {
    self.type = type
    self.data = data
  }

  static func text(_ text: String) -> OneBotSegment {
    OneBotSegment(type: "text", data: [Member(name: "text", value: .string(text))])
  }

  /// Nil when `value` is not an object with a type. Missing or odd data is no data.
  init?(parsing value: JSON) {
    guard let type = value["type"]?.string else { return nil }
    self.type = type
    data = (value["data"]?.object ?? [:]).sorted { $0.key < $1.key }.map { Member(name: $0.key, value: $0.value) }
  }

  /// The last member of that name.
  subscript(name: String) -> JSON? {
    data.last { $0.name == name }?.value
  }

  /// A member that senders write as a string or as a number.
  func text(_ name: String) -> String? {
    switch self[name] {
    case .string(let text): text
    case .integer(let number): String(number)
    default: nil
    }
  }

  var json: JSON {
    ["type": .string(type), "data": .object(Dictionary(data.map { ($0.name, $0.value) }, uniquingKeysWith: { _, last in last }))]
  }
}

extension OneBotSegment {
  /// The segments of a message: an array, a single segment, or a string with CQ codes.
  static func list(in message: JSON) -> [OneBotSegment]? {
    switch message {
    case .array(let elements): elements.compactMap(OneBotSegment.init(parsing:))
    case .object: OneBotSegment(parsing: message).map { [$0] }
    case .string(let text): OneBotCQCode.parse(text)
    default: nil
    }
  }
}
