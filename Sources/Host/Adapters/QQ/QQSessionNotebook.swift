import Core

/// Where one shard's session can be resumed, kept over restarts.
struct QQSessionNotebook: Sendable {
  let memory: any ChannelMemory
  let configuration: QQConfiguration
  let shard: Int

  /// Nil when there is none, or one of other settings.
  func position() async -> QQGatewaySession.Position? {
    guard let text = await memory.note(name, of: configuration.name), let note = try? JSON(parsing: text),
      note["app"]?.string == configuration.appID, note["intents"]?.integer == configuration.intents.rawValue,
      let session = note.identifier("session"), let sequence = note["seq"]?.integer
    else { return nil }
    return .init(sessionID: session, sequence: sequence, botUserID: note.identifier("bot"))
  }

  /// A note that cannot be written costs a few events more after the next restart; they are recognised.
  func keep(_ position: QQGatewaySession.Position?) async {
    var note = ""
    if let position {
      let document: JSON = [
        "app": .string(configuration.appID), "intents": .integer(configuration.intents.rawValue),
        "session": .string(position.sessionID), "seq": .integer(position.sequence),
        "bot": position.botUserID.map(JSON.string) ?? .null,
      ]
      note = document.canonical
    }
    try? await memory.keep(note, as: name, of: configuration.name)
  }

  private var name: String { "session.\(shard)-of-\(configuration.shards)" }
}
