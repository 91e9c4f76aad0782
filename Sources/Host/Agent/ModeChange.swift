import Approvals
import Core
import Policy
import Storage

/// One change of the mode, as the store keeps it until the admins were told.
struct ModeChange: Equatable {
  /// The setting that holds the last change, and the one that holds the last that was told.
  static let setting = "mode.change"
  static let announced = "mode.announced"

  let mode: Mode
  let actor: String?
  let reason: String?
  let at: Timestamp

  init(_ mode: Mode, by actor: String?, because reason: String?, at: Timestamp) {
    self.mode = mode
    self.actor = actor
    self.reason = reason
    self.at = at
  }

  init?(_ text: String) {
    guard let document = try? JSON(parsing: text), let mode = document["mode"]?.string.flatMap(Mode.init),
      let at = document["at"]?.integer
    else { return nil }
    self.init(mode, by: document["by"]?.string, because: document["because"]?.string, at: Timestamp(milliseconds: at))
  }

  var text: String {
    var members: [String: JSON] = ["mode": .string(mode.rawValue), "at": .integer(at.milliseconds)]
    members["by"] = actor.map { .string($0) }
    members["because"] = reason.map { .string($0) }
    return JSON.object(members).canonical
  }

  /// What admins are told.
  var announcement: String {
    let author =
      actor.map { "set by \(ShownText.identifier($0, limit: 96))" }
      ?? "set by the \(reason == nil ? "operator" : "service itself")"
    return
      "The mode is \(mode.rawValue) now: \(ModeWords.meaning(of: mode)). It was \(author)\(reason.map { ", because \($0)" } ?? "")."
  }
}
