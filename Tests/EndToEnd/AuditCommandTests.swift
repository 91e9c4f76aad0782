import Core
import Foundation
import Testing

@Suite("openclaw audit", .timeLimit(.minutes(5)))
struct AuditCommandTests {
  private let house: House

  init() throws {
    house = try House(skills: ["echo"])
  }

  private func audit(_ arguments: String...) async throws -> Finished {
    try await Finished.run(ServiceProcess.program("openclaw"), ["audit"] + arguments, in: house.folder)
  }

  private func say(_ line: String, to service: ServiceProcess) async throws -> String {
    try await Finished.run(
      ServiceProcess.program("openclaw"), ["chat", "--url", "http://127.0.0.1:\(service.port)", "--as", "bob"],
      in: house.folder, input: line + "\n"
    ).output
  }

  private func serve(_ lines: [String]) async throws {
    let service = try await ServiceProcess.start(in: house.folder)
    for line in lines { _ = try await say(line, to: service) }
    #expect(await service.terminate() == 0)
  }

  @Test("what a service leaves is signed to the end, and can be exported, proven, compared and forgotten without it")
  func verbs() async throws {
    #expect(try await audit("verify").status == 69)
    try await serve(["/echo my words"])
    let verified = try JSON(parsing: try await audit("verify", "--json").output)
    let records = try #require(verified["records"]?.integer)
    #expect(verified["signed"] == .integer(records) && records > 2, "\(verified)")
    let key = try #require(verified["key"]?.string)
    try Data(try #require(verified["checkpoint"]?.string).utf8).write(to: house.folder.appending(path: "checkpoint"))
    #expect(try await audit("export", "old.jsonl", "--with-bodies").status == 0)
    #expect(try await audit("export", "old.jsonl").status == 73)
    #expect(try await audit("verify", "old.jsonl", "--key", key).status == 0)
    #expect(try await audit("verify", "checkpoint").status == 64)
    #expect(try await audit("verify", "checkpoint", "--key", key).output.hasPrefix("a checkpoint of \(records) records"))

    let proof = try await audit("prove", "2")
    try Data(proof.output.utf8).write(to: house.folder.appending(path: "proof"))
    #expect(try await audit("verify", "proof", "--key", key).status == 0)
    #expect(try await audit("prove", "100000").status == 1)
    let tail = try await audit("tail", "-n", "2", "--json")
    #expect(
      try tail.output.split(separator: "\n").map { try JSON(parsing: String($0))["seq"] } == [
        .integer(records - 1), .integer(records),
      ])
    #expect(try await audit("tail").output.contains("call.decided"))

    try await serve(["/echo more words"])
    #expect(try await audit("export", "new.jsonl").status == 0)
    for old in ["old.jsonl", "checkpoint"] {
      #expect(try await audit("diff", old, "new.jsonl").output.hasPrefix("The first \(records) records are the same"))
      #expect(try await audit("diff", "new.jsonl", old, "--json").output.contains("log_shorter"))
    }

    let exported = try String(contentsOf: house.folder.appending(path: "old.jsonl"), encoding: .utf8)
    #expect(exported.contains("my words") && exported.contains("playground:bob"))
    #expect(try await audit("erase", "nobody").status == 1)
    #expect(try await audit("erase", "playground:bob").output.hasPrefix("2 texts"))
    #expect(try await audit("export", "erased.jsonl", "--with-bodies").status == 0)
    let erased = try String(contentsOf: house.folder.appending(path: "erased.jsonl"), encoding: .utf8)
    #expect(!erased.contains("words") && !erased.contains("playground:bob"))
    #expect(try await audit("verify").status == 0)

    let forged = exported.replacing("\"outcome\":\"allow\"", with: "\"outcome\":\"admit\"")
    try Data(forged.utf8).write(to: house.folder.appending(path: "old.jsonl"))
    let found = try await audit("verify", "old.jsonl")
    #expect(found.status == 1 && found.errors.contains("the head does not match its hash"), "\(found)")
  }

  @Test("a service does not go on with another key than the one its log is signed with")
  func otherKey() async throws {
    try await serve([])
    try FileManager.default.removeItem(at: house.folder.appending(path: "data/keys/checkpoint"))
    let refused = try await Finished.run(
      ServiceProcess.program("openclaw"), ["serve", "--port", "0"], in: house.folder)
    #expect(refused.status == 69 && refused.errors.contains("keys/checkpoint"), "\(refused)")
  }
}
