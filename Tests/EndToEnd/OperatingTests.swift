import Core
import Foundation
import Testing

@Suite("Operating skills, end to end", .timeLimit(.minutes(5)))
struct OperatingTests {
  private let house: House

  init() throws {
    house = try House(skills: ["echo"])
  }

  private func skill(_ arguments: String...) async throws -> Finished {
    try await Finished.run(ServiceProcess.program("openclaw"), ["skill"] + arguments, in: house.folder)
  }

  private func loaded(_ version: String, by service: ServiceProcess) async throws {
    _ = try await service.logLine { $0["msg"]?.string == "skill_loaded" && $0["version"]?.string == version }
  }

  @Test("off and on, back and forward, and a grant: each verb has taken effect when it returns, and the audit log has it")
  func verbs() async throws {
    let built = try await TestSkills.built(in: house.folder)
    try house.install(built.appending(path: "version_1.so"), as: "version")
    try house.install(built.appending(path: "wants_http.so"), as: "wants")
    let offline = try await skill("list")
    #expect(offline.output.contains("The service is not running"))
    #expect(offline.output.contains("org.openclaw.test.version  1.0.0    ready"), "\(offline.output)")

    let service = try await ServiceProcess.start(in: house.folder)
    try await loaded("1.0.0", by: service)
    #expect(try await house.say("/version", to: service) == "1\n")

    #expect(try await skill("disable", "echo").status == 0)
    #expect(try await house.say("/echo hi", to: service).contains("no command or tool"))
    #expect(try await skill("list").output.contains("disabled"))
    #expect(try await skill("enable", "org.openclaw.echo").status == 0)
    #expect(try await house.say("/echo hi", to: service) == "hi\n")
    let typo = try await skill("disable", "ecko", "--json")
    #expect(typo.status == 1)
    #expect(typo.output.contains("did you mean 'echo'?"))

    let denied = try await house.say("/wants.http", to: service)
    #expect(denied.contains("openclaw skill grant org.openclaw.test.wants"), "\(denied)")
    #expect(try await skill("grant", "wants").output.contains("waiting  http:GET https://api.example.org/*  wants.http"))
    #expect(try await skill("grant", "wants", "http:GET https://api.example.org/*").status == 0)
    #expect(try await house.say("/wants.http", to: service) == "2\n")

    try house.install(built.appending(path: "version_2.so"), as: "version")
    try await loaded("2.0.0", by: service)
    #expect(try await house.say("/version", to: service) == "2\n")
    let back = try await skill("rollback", "version")
    #expect(back.status == 0, "\(back.errors)")
    #expect(back.output.contains("from 2.0.0 to 1.0.0"), "\(back.output)")
    #expect(try await house.say("/version", to: service) == "1\n")
    #expect(await service.terminate() == 0)

    // All of it is still so after a restart.
    let again = try await ServiceProcess.start(in: house.folder)
    try await loaded("1.0.0", by: again)
    #expect(try await house.say("/version", to: again) == "1\n")
    #expect(try await house.say("/wants.http", to: again) == "2\n")
    #expect(try await skill("rollback", "version", "--undo").status == 0)
    #expect(try await house.say("/version", to: again) == "2\n")
    #expect(try await skill("logs", "version").output.contains("has written nothing"))
    #expect(await again.terminate() == 0)
    let verified = try await Finished.run(ServiceProcess.program("openclaw"), ["audit", "verify"], in: house.folder)
    #expect(verified.status == 0)
  }
}
