import Core
import Foundation
import Testing

@Suite("openclaw skill", .timeLimit(.minutes(5)))
struct SkillCommandTests {
  private let house: House

  init() throws {
    house = try House()
  }

  private func openclaw(_ arguments: String...) async throws -> Finished {
    try await Finished.run(ServiceProcess.program("openclaw"), ["skill"] + arguments, in: house.folder)
  }

  @Test("a new skill is made, built, tried and installed with the commands that it is told to be")
  func new() async throws {
    let made = try await openclaw("new", "hello", "--lang", "c")
    #expect(made.status == 0 && made.output == "Made ./hello. Now: cd hello && make && make try\n")
    let path = ["PATH": ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"]
    let project = house.folder.appending(path: "hello")
    for goal in [["-s"], ["-s", "try"], ["-s", "install", "PLUGINS=../Plugins"]] {
      let make = try await Finished.run(URL(filePath: "/usr/bin/make"), goal, in: project, environment: path)
      #expect(make.status == 0 && make.errors.isEmpty, "\(make.errors)")
      if goal.contains("try") { #expect(make.output.hasSuffix("would be served\n\"Hello, world!\"\n"), "\(make.output)") }
    }
    #expect(FileManager.default.fileExists(atPath: house.folder.appending(path: "Plugins/hello/hello.so").path))
    #expect(try await openclaw("new", "hello").status == 1)
    #expect(try await openclaw("new", "Hello").status == 64)
  }

  @Test("a call prints JSON, says what the skill logs apart from it, and keeps what it stores where it is told to")
  func call() async throws {
    let first = try await openclaw(
      "call", "Plugins/tickets.so", "tickets.create", #"{"title":"no coffee"}"#, "--keep", "kept.json")
    #expect(first.status == 0 && first.output == "\"Created #1 no coffee (priority 3)\"\n", "\(first)")
    let second = try await openclaw("call", "Plugins/tickets.so", "tickets.list", "--keep", "kept.json", "--json")
    #expect(second.output == ##"{"ok":true,"result":"#1 no coffee (priority 3)"}"## + "\n", "\(second)")
  }

  @Test("a call that fails exits with 1 and the code, wrong usage with 64")
  func failures() async throws {
    let missing = try await openclaw("call", "Plugins/tickets.so", "tickets.show", #"{"id":9}"#)
    #expect(missing.status == 1 && missing.output.isEmpty && missing.errors.hasPrefix("not_found: "), "\(missing)")
    let wrong = try await openclaw("call", "Plugins/tickets.so", "tickets.show", #"{"id":"x"}"#, "--json")
    #expect(wrong.status == 1)
    #expect(try JSON(parsing: Array(wrong.output.utf8))["error"]?["code"] == "bad_argument")
    let unknown = try await openclaw("call", "Plugins/echo.so", "ecko")
    #expect(unknown.status == 1 && unknown.errors.contains("no tool 'ecko'; it has echo; did you mean 'echo'?"), "\(unknown)")
    #expect(try await openclaw("call", "Plugins/echo.so", "echo", "hello").status == 64)
    #expect(try await openclaw("call", "nothing.so", "echo").status == 1)
  }

  @Test("a look at a library exits with 1 when it would be refused")
  func lint() async throws {
    let good = try await openclaw("lint", "Plugins/echo.so")
    #expect(good.status == 0 && good.output == "org.openclaw.echo 1.0.0, 1 tool: would be served, nothing to say\n", "\(good)")
    try Data("no library".utf8).write(to: house.folder.appending(path: "bad.so"))
    let bad = try await openclaw("lint", "bad.so")
    #expect(bad.status == 1 && bad.errors.hasPrefix("error: not an ELF file"), "\(bad)")
  }
}
