import Core
import Foundation
import Testing

@Suite("Hostile skills, end to end", .timeLimit(.minutes(5)))
struct HostileSkillTests {
  @Test("a constructor that reads files, opens sockets or crashes gets nothing, and the next message is answered")
  func constructors() async throws {
    let house = try House(skills: ["echo"])
    let secret = house.folder.appending(path: "secret.txt")
    try Data("a secret of the host".utf8).write(to: secret)
    let built = try await TestSkills.built(in: house.folder, hostFile: secret)
    for name in ["constructor_crash", "hostile"] {
      try house.install(built.appending(path: "\(name).so"), as: name)
    }
    let service = try await ServiceProcess.start(in: house.folder)
    let finished = try await Finished.run(
      ServiceProcess.program("openclaw"), ["chat", "--url", "http://127.0.0.1:\(service.port)", "--as", "bob"], in: house.folder,
      input: "/echo still here\n/hostile.loaded\n/hostile.called\n/hostile.read \(secret.path)\n/status\n/echo again\n")
    #expect(finished.status == 0)
    let lines = finished.output.split(separator: "\n").map(String.init)
    #expect(lines.first == "still here")
    #expect(lines.last == "again")
    #expect(!finished.output.contains("a secret of the host"))
    #expect(finished.output.contains("refused"))
    #expect(!finished.output.contains("got"))
    let crashed = try #require(lines.first { $0.contains("constructor_crash.so") })
    #expect(crashed.contains("refused"))
    #expect(crashed.contains("SIG"))
    #expect(await service.terminate() == 0)
  }
}
