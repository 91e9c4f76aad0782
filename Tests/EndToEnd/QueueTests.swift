import Core
import Foundation
import Storage
import TestSupport
import Testing

@Suite("Events that were put aside, end to end", .timeLimit(.minutes(5)))
struct QueueTests {
  private func queue(_ house: House, _ arguments: String...) async throws -> Finished {
    try await Finished.run(ServiceProcess.program("openclaw"), ["queue"] + arguments, in: house.folder)
  }

  private func audited(_ house: House) async throws -> [String] {
    let store = try Store(path: house.folder.appending(path: "data/openclaw.db").path)
    return try await store.read { transaction in
      try transaction.auditRows(after: 0, limit: 1_000).compactMap { try JSON(parsing: $0.head)["kind"]?.string }
    }
  }

  /// Puts events of these texts aside, as a service would have that failed at them.
  private func bury(_ texts: [String], in house: House) async throws {
    let store = try Store(path: house.folder.appending(path: "data/openclaw.db").path)
    let inbox = Inbox(store: store, limit: 100, onAccepted: {})
    for text in texts {
      let id = RequestID().description
      _ = try await inbox.accept(
        ChatEvent(
          requestID: RequestID(), receivedAt: WallClock.system.now(),
          conversation: Conversation(channel: "playground", account: "playground", scene: Scene(.private, "bob")),
          sender: Sender(id: "playground:bob", name: "bob"), messageID: id, text: text, dedupeKeys: [id]))
      try await store.write { transaction in
        let claimed = try #require(try transaction.claimEvent())
        try transaction.bury(claimed, error: "poison")
      }
    }
    try store.close()
  }

  @Test("are listed without what they say, shown with it, put back and dropped, beside a service that runs and one that does not")
  func verbs() async throws {
    let house = try House(skills: ["echo"])
    let missing = try await queue(house, "list", "--json")
    #expect(missing.status == 69)
    #expect(missing.output.contains("no_store"))
    let first = try await ServiceProcess.start(in: house.folder)
    #expect(await first.terminate() == 0)
    #expect(try await queue(house, "list").output == "No event is put aside.\n")
    try await bury(["/echo words of the first", "/echo words of the second", "/echo third"], in: house)

    let listed = try await queue(house, "list", "--json")
    let list = try JSON(parsing: listed.output)
    #expect(list["total"] == 3)
    let sequences = (list["events"]?.array ?? []).compactMap { $0["seq"]?.integer }
    #expect(sequences.count == 3)
    #expect(!listed.output.contains("words of"))
    #expect(try await queue(house, "list", "--limit", "1").output.contains("… and 2 more"))
    #expect(try await queue(house, "show", "\(sequences[0])").output.contains("words of the first"))
    #expect(try await queue(house, "drop", "\(sequences[1])").status == 0)
    let again = try await queue(house, "drop", "\(sequences[1])", "--json")
    #expect(again.status == 1)
    #expect(again.output.contains("not_aside"))
    // Without a service: the next one takes it.
    #expect(try await queue(house, "retry", "\(sequences[2])").status == 0)

    let service = try await ServiceProcess.start(in: house.folder, arguments: ["--log-tool-calls", "true"])
    let third = try await service.logLine { $0["msg"]?.string == "tool_call" }
    let metrics = try #require(try await RawClient.ask(service.port, "GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"))
    #expect(metrics.body.contains("openclaw_dead_letters 1\n"))
    // Beside the service: it looks every five seconds.
    let all = try await queue(house, "retry", "--all", "--json")
    #expect(try JSON(parsing: all.output)["retried"] == 1)
    let retried = try await service.logLine { $0["msg"]?.string == "tool_call" && $0["request_id"] != third["request_id"] }
    #expect(retried["status"]?.string == "ok")
    #expect(try await queue(house, "list").output == "No event is put aside.\n")
    #expect(await service.terminate() == 0)
    let kinds = try await audited(house)
    #expect(kinds.count { $0 == "event.retried" } == 2)
    #expect(kinds.count { $0 == "event.dropped" } == 1)
    let verified = try await Finished.run(ServiceProcess.program("openclaw"), ["audit", "verify"], in: house.folder)
    #expect(verified.status == 0, "\(verified.output)\(verified.errors)")
  }
}
