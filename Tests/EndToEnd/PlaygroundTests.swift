import Core
import Foundation
import Testing

@Suite("The playground, end to end", .timeLimit(.minutes(5)))
struct PlaygroundTests {
  private func chat(_ port: Int, as name: String, group: String? = "demo", in folder: URL, _ lines: String...) async throws
    -> Finished
  {
    let place = group.map { ["--group", $0] } ?? []
    return try await Finished.run(
      ServiceProcess.program("openclaw"), ["chat", "--url", "http://127.0.0.1:\(port)", "--as", name] + place, in: folder,
      input: lines.map { $0 + "\n" }.joined())
  }

  @Test("without a configuration file a newcomer talks, and sees a write wait for the admin")
  func newcomer() async throws {
    let house = try House()
    let service = try await ServiceProcess.start(in: house.folder, arguments: ["--host", "0.0.0.0", "--log-tool-calls", "true"])
    let alice = try await chat(
      service.port, as: "alice", in: house.folder, "/echo any text at all", "/tickets.create \"two words\" 2")
    #expect(alice.status == 0)
    let lines = alice.output.split(separator: "\n").map(String.init)
    #expect(lines.first == "any text at all")
    let head = try #require(lines.first { $0.hasPrefix("[approval] ") })
    let code = String(head.dropFirst("[approval] ".count).prefix(8))
    #expect(try await chat(service.port, as: "alice", in: house.folder, "/approve \(code)").output.contains("your own request"))
    #expect(try await chat(service.port, as: "bob", in: house.folder, "/approve \(code)").output.contains("No open request"))
    #expect(try await chat(service.port, as: "admin", in: house.folder, "/approve \(code)").output.contains("two words"))
    #expect(try await chat(service.port, as: "bob", group: nil, in: house.folder, "/tickets.list").output.contains("two words"))
    #expect(try await chat(service.port, as: "bob", group: nil, in: house.folder, "hello", "/nonsense", "/help").status == 0)
    #expect(await service.terminate() == 0)
    let verified = try await Finished.run(ServiceProcess.program("openclaw"), ["audit", "verify"], in: house.folder)
    #expect(verified.status == 0)
  }

  @Test("skills come, change and go while the service runs")
  func dropIn() async throws {
    let house = try House(skills: ["echo"])
    let service = try await ServiceProcess.start(in: house.folder)
    #expect(try await chat(service.port, as: "bob", in: house.folder, "/calc.gcd 12 18").output.contains("no command or tool"))
    try house.install(House.project.appending(path: "Plugins/calc.so"), as: "calc")
    _ = try await service.logLine { $0["msg"]?.string == "skill_loaded" && $0["skill"]?.string == "org.openclaw.calc" }
    #expect(try await chat(service.port, as: "bob", in: house.folder, "/calc.gcd 12 18").output == "6\n")
    try house.remove("calc")
    _ = try await service.logLine { $0["msg"]?.string == "skill_removed" && $0["skill"]?.string == "org.openclaw.calc" }
    #expect(try await chat(service.port, as: "bob", in: house.folder, "/calc.gcd 12 18").output.contains("no command or tool"))
    #expect(await service.terminate() == 0)
  }

  @Test("changed rules count at once, and broken ones change nothing")
  func policyReload() async throws {
    let house = try House()
    let service = try await ServiceProcess.start(in: house.folder)
    let extra = house.folder.appending(path: "policies/50-test.cedar")
    try Data(#"@id("no-echo") forbid (principal, action == Action::"call", resource == Tool::"echo");"#.utf8).write(to: extra)
    let before = service.lines.count { $0["msg"]?.string == "policy loaded" }
    #expect(before == 1)
    _ = try await service.logLine { line in line["msg"]?.string == "policy loaded" && line["rules"]?.string == "12" }
    #expect(try await chat(service.port, as: "bob", in: house.folder, "/echo hi").output.contains("not permitted (forbidden)"))
    try Data("permit (principal, action, resource) when {".utf8).write(to: extra)
    _ = try await service.logLine { $0["msg"]?.string == "policy refused" }
    #expect(try await chat(service.port, as: "bob", in: house.folder, "/echo hi").output.contains("not permitted (forbidden)"))
    try FileManager.default.removeItem(at: extra)
    _ = try await service.logLine { line in
      line["msg"]?.string == "policy loaded" && line["rules"]?.string == "11" && line["part"] != nil
    }
    #expect(await service.terminate() == 0)
  }

  @Test("a second service on the same data folder or port is refused, and says why")
  func secondService() async throws {
    let house = try House()
    let service = try await ServiceProcess.start(in: house.folder)
    let second = try await Finished.run(ServiceProcess.program("openclaw"), ["serve", "--port", "0"], in: house.folder)
    #expect(second.status == 69)
    #expect(second.errors.contains("another openclaw"))
    let elsewhere = try House()
    let third = try await Finished.run(
      ServiceProcess.program("openclaw"), ["serve", "--port", "\(service.port)"], in: elsewhere.folder)
    #expect(third.status == 69)
    #expect(third.errors.contains("cannot listen on 127.0.0.1 port \(service.port)"))
    #expect(await service.terminate() == 0)
  }

  @Test("a bad configuration ends with 78 and one message that names the place")
  func badConfiguration() async throws {
    let house = try House()
    try Data("server:\n  prot: 8080\n".utf8).write(to: house.folder.appending(path: "openclaw.yaml"))
    let finished = try await Finished.run(ServiceProcess.program("openclaw"), ["serve"], in: house.folder)
    #expect(finished.status == 78)
    #expect(finished.errors.contains("openclaw.yaml:2:3"))
    #expect(finished.errors.contains("port"))
    let unused = try await Finished.run(
      ServiceProcess.program("openclaw"), ["chat", "--url", "http://127.0.0.1:9"], in: house.folder, input: "hi\n")
    #expect(unused.status == 69)
  }
}
