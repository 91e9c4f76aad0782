import Core

extension Store: ChannelMemory {
  package func note(_ name: String, of channel: String) async -> String? {
    let note = try? await read { try $0.setting(Self.setting(name, of: channel)) }
    guard let note, !note.isEmpty else { return nil }
    return note
  }

  package func keep(_ note: String, as name: String, of channel: String) async throws {
    try await write { try $0.set(note, forSetting: Self.setting(name, of: channel)) }
  }

  private static func setting(_ name: String, of channel: String) -> String { "channel.\(channel).\(name)" }
}
