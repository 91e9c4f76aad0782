import Core
import Foundation
import TestSupport
import Testing

@Suite("Rules over time, end to end", .timeLimit(.minutes(5)))
struct PolicyHistoryTests {
  private let house: House

  init() throws {
    house = try House(skills: ["echo"])
  }

  private func openclaw(_ arguments: String...) async throws -> Finished {
    try await Finished.run(ServiceProcess.program("openclaw"), arguments, in: house.folder)
  }

  private func say(_ text: String, to service: ServiceProcess) async throws -> String {
    try await Finished.run(
      ServiceProcess.program("openclaw"), ["chat", "--url", "http://127.0.0.1:\(service.port)", "--as", "alice"],
      in: house.folder, input: text + "\n"
    ).output
  }

  private func write(_ name: String, _ text: String) throws {
    try FileManager.default.createDirectory(
      at: house.folder.appending(path: name).deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(text.utf8).write(to: house.folder.appending(path: name))
  }

  private static let noEcho = "@id(\"no-echo\") forbid (principal, action == Action::\"call\", resource == Tool::\"echo\");"

  private func readiness(of service: ServiceProcess) async throws -> String {
    try #require(try await RawClient.ask(service.port, "GET /readyz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")).body
  }

  @Test("a rollback holds against the files, is shown, survives a restart and ends when it is undone")
  func rollback() async throws {
    let service = try await ServiceProcess.start(in: house.folder)
    try write("policies/20-more.cedar", Self.noEcho)
    let changed = try await service.logLine { $0["msg"] == "policy loaded" && $0["rules"] == "12" }
    #expect(try await say("/echo hi", to: service).contains("not permitted (forbidden)"))
    let history = try JSON(parsing: try await openclaw("policy", "history", "--json").output)
    #expect(history["policies"]?.array?.map { $0["in_force"] } == [true, false])
    #expect(history["policies"]?.array?.first?["id"] == changed["snapshot"])

    let back = try await openclaw("policy", "rollback")
    #expect(back.status == 0, "\(back)")
    _ = try await service.logLine { $0["msg"] == "policy rolled back" }
    #expect(try await say("/echo hi", to: service).contains("hi"))
    #expect(try await readiness(of: service).contains("rolled back to rules"))
    #expect(try await openclaw("policy", "rollback").errors.contains("no earlier rules are kept"))
    #expect(try await openclaw("policy", "rollback", "ffffffff").status == 1)
    #expect(await service.terminate() == 0)

    let second = try await ServiceProcess.start(in: house.folder)
    #expect(try await say("/echo again", to: second).contains("again"))
    #expect(try await openclaw("policy", "history").output.contains("in force, rolled back to"))
    #expect(try await openclaw("policy", "rollback", "--undo").output == "The files count again.\n")
    _ = try await second.logLine { $0["msg"] == "policy loaded" && $0["rules"] == "12" }
    #expect(try await say("/echo hi", to: second).contains("not permitted (forbidden)"))
    #expect(await second.terminate() == 0)
    #expect(try await openclaw("audit", "verify").status == 0)
  }

  @Test("a start with broken files goes on with the last good rules, and says so; without any it is locked down")
  func coldStart() async throws {
    let first = try await ServiceProcess.start(in: house.folder)
    #expect(await first.terminate() == 0)
    try write("policies/20-more.cedar", "@id(\"x\") permit (principal")
    let service = try await ServiceProcess.start(in: house.folder)
    let refused = try await service.logLine { $0["msg"] == "policy refused" }
    #expect(refused["problems"]?.string?.contains("20-more.cedar:1:") == true)
    #expect(try await say("/echo hi", to: service).contains("hi"))
    #expect(try await readiness(of: service).contains("the files are unusable"))
    #expect(await service.terminate() == 0)
    try FileManager.default.removeItem(at: house.folder.appending(path: "data"))
    let locked = try await ServiceProcess.start(in: house.folder)
    #expect(try await say("/echo hi", to: locked).contains("not permitted (lockdown)"))
    #expect(try await readiness(of: locked).contains("in lockdown"))
    #expect(await locked.terminate() == 0)
  }

  @Test("a diff asks both about the calls of the log and the tests; rules in shadow are asked beside and counted")
  func diffAndShadow() async throws {
    let candidate = house.folder.appending(path: "candidate")
    try FileManager.default.copyItem(at: house.folder.appending(path: "policies"), to: candidate)
    try write("candidate/20-more.cedar", Self.noEcho)
    #expect(try await openclaw("policy", "diff", "live", "policies").output.hasPrefix("No answer differs: 0 calls and "))
    let service = try await ServiceProcess.start(in: house.folder)
    #expect(try await say("/echo hi", to: service).contains("hi"))
    let diff = try await openclaw("policy", "diff", "live", "candidate")
    #expect(diff.status == 1)
    #expect(diff.output.contains(" of echo: allow (member-read, auto-read) -> deny forbidden (no-echo)\n"), "\(diff)")
    #expect(diff.output.contains("1 answer differs: 1 calls and "), "\(diff)")
    let json = try JSON(parsing: try await openclaw("policy", "diff", "candidate", "live", "--json").output)
    #expect(json["changes"]?.array?.first?["after"] == "allow" && json["error"]?["code"] == "differs", "\(json)")
    #expect(try await openclaw("policy", "diff", "live", "nowhere").status == 1)

    try FileManager.default.copyItem(at: candidate, to: house.folder.appending(path: "policies/shadow"))
    _ = try await service.logLine { $0["msg"] == "shadow policy" }
    #expect(try await say("/echo hi", to: service).contains("hi"))
    let told = try await service.logLine { $0["msg"] == "shadow policy differs" }
    #expect(told["subject"] == "echo" && told["live"] == "allow" && told["shadow"] == "deny forbidden", "\(told)")
    let metrics = try #require(try await RawClient.ask(service.port, "GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")).body
    #expect(
      metrics.contains(#"openclaw_policy_shadow_differences_total{verb="call",live="allow",shadow="deny"} 1"#), "\(metrics)")
    #expect(await service.terminate() == 0)
  }
}
