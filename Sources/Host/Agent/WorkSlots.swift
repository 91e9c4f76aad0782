import Storage

/// Who may be worked on next: urgent events before the others, and no tool in everybody's way.
///
/// The rules: one slot is kept free for urgent events; of four events in a row at least one is an ordinary one, when one is due; and
/// no more than `toolLimit` events are with the same tool, while others of it wait aside.
struct WorkSlots: Sendable {
  /// Urgent events in a row, while others are due.
  static let urgentRun = 3

  private let limit: Int
  private let toolLimit: Int
  private(set) var inFlight = 0
  private var ordinary = 0
  private var tools: [String: Int] = [:]
  private var urgentInARow = 0

  /// - Parameters:
  ///   - limit: events that are worked on at once.
  ///   - toolLimit: events that are with one tool at once.
  init(limit: Int, toolLimit: Int) {
    self.limit = limit
    self.toolLimit = toolLimit
  }

  /// The classes of which the next event may be, the preferred one first; empty when there is no room.
  var classes: [EventClass] {
    guard inFlight < limit else { return [] }
    guard ordinary < max(1, limit - 1) else { return [.urgent] }
    return urgentInARow < Self.urgentRun ? [.urgent, .ordinary] : [.ordinary, .urgent]
  }

  /// Whether an event may begin now that calls `tool`, if it calls one.
  func hasRoom(for tool: String?) -> Bool {
    tool.map { tools[$0, default: 0] < toolLimit } ?? true
  }

  /// Counts an event in.
  mutating func begin(_ kind: EventClass, tool: String?) {
    inFlight += 1
    if kind == .ordinary { ordinary += 1 }
    if let tool { tools[tool, default: 0] += 1 }
  }

  /// Counts a claim, whether its event is begun at once or not.
  mutating func claimed(_ kind: EventClass) {
    urgentInARow = kind == .urgent ? urgentInARow + 1 : 0
  }

  /// Counts an event out.
  mutating func end(_ kind: EventClass, tool: String?) {
    inFlight -= 1
    if kind == .ordinary { ordinary -= 1 }
    guard let tool else { return }
    tools[tool, default: 1] -= 1
    if tools[tool] == 0 { tools[tool] = nil }
  }
}
