import Core
import Foundation
import Testing

@Suite("Who is an admin, end to end", .timeLimit(.minutes(5)))
struct AdminTests {
  private let house: House

  init() throws {
    house = try House(skills: [])
  }

  private func openclaw(_ arguments: String...) async throws -> Finished {
    try await Finished.run(ServiceProcess.program("openclaw"), arguments, in: house.folder)
  }

  private func followed(_ count: String, by service: ServiceProcess) async throws {
    _ = try await service.logLine { $0["msg"]?.string == "enrolled people have changed" && $0["people"]?.string == count }
  }

  @Test(
    "a code from the terminal makes an account an admin while the service runs, and revoking ends it; the log never has the code")
  func enrols() async throws {
    #expect(try await openclaw("admin", "enroll", "ann").status == 69)
    let service = try await ServiceProcess.start(in: house.folder)
    #expect(try await openclaw("admin", "enroll", "root", "--role", "admin", "--json").output.contains("roles_in_file"))
    #expect(try await openclaw("admin", "enroll", "a b").status == 64)
    #expect(try await openclaw("admin", "enroll", "ann", "--role", "a b").status == 64)
    let issued = try JSON(parsing: try await openclaw("admin", "enroll", "ann", "--json").output)
    let code = try #require(issued["code"]?.string)
    #expect(issued["roles"] == ["admin"])
    #expect(try await openclaw("admin", "list").output.contains("A code for ann waits"))

    #expect(try await house.say("/mode read_only", to: service) == "Only an admin can set the mode.\n")
    #expect(try await house.say("/enroll \(code)", to: service).hasPrefix("This account is ann from now on"))
    try await followed("1", by: service)
    #expect(try await house.say("/mode read_only", to: service) == "mode read_only\n")
    let list = try JSON(parsing: try await openclaw("admin", "list", "--json").output)
    #expect(list["people"]?.array?.last?["ids"] == ["playground:bob"])
    #expect(list["codes"] == [])

    // The file wins, and whoever asks is told.
    let roles = "people: [{ name: bob, roles: [], ids: [\"playground:bob\"] }]\n"
    let shipped = try String(contentsOf: house.folder.appending(path: "policies/roles.yaml"), encoding: .utf8)
    try Data(roles.utf8).write(to: house.folder.appending(path: "policies/roles.yaml"))
    #expect(try await openclaw("policy", "check").output.contains("roles.yaml gives it to bob, which counts"))
    try Data(shipped.utf8).write(to: house.folder.appending(path: "policies/roles.yaml"))

    #expect(try await openclaw("admin", "revoke", "nobody").status == 1)
    #expect(try await openclaw("admin", "revoke", "root", "--json").output.contains("take it out there"))
    #expect(try await openclaw("admin", "revoke", "ann").status == 0)
    try await followed("0", by: service)
    #expect(try await house.say("/mode normal", to: service) == "Only an admin can set the mode.\n")
    #expect(await service.terminate() == 0)
    let log = service.lines.map(\.canonical).joined(separator: "\n")
    #expect(!log.contains(code))
    #expect(try await openclaw("audit", "verify").status == 0)
  }
}
