import Core
import ArgumentParser
import Testing

@testable import openclaw

@Suite struct CommandLineTests {
  @Test(
    "Wrong usage exits with 64",
    arguments: [
      ["nonsense"], ["serve", "--port", "70000"], ["serve", "--port", "x"], ["serve", "--log-tool-calls", "yes"],
      ["serve", "--log-tool-calls"], ["serve", "--host", "http://x"], ["serve", "--unknown"], ["chat", "--url", "ftp://x"],
      ["chat", "--as", "a b"], ["chat", "--as", ""], ["chat", "--group", "a/b"], ["config", "check", "extra"],
      ["skill", "new"], ["skill", "new", "x", "--lang", "go"], ["skill", "call", "x.so"], ["skill", "lint"],
      ["skill", "trust", "ops"], ["skill", "trust", "ops", "ab", "--remove"], ["skill", "trust", "a b", "ab"],
      ["skill", "sign", "a.so"],
      ["skill", "verify"], ["skill", "inspect"], ["queue", "show"], ["queue", "retry"], ["queue", "retry", "1", "--all"],
      ["queue", "drop", "x"], ["queue", "list", "--limit", "0"],
    ])
  func wrongUsage(arguments: [String]) throws {
    let error = try #require(throws: (any Error).self) { try OpenClaw.parseAsRoot(arguments) }
    #expect(OpenClaw.exitCode(for: error).rawValue == ExitStatus.wrongUsage.rawValue)
  }

  @Test("Right usage is understood")
  func rightUsage() throws {
    let serve = try OpenClaw.parseAsRoot(
      ["serve", "--host", "0.0.0.0", "--port", "0", "--log-tool-calls", "true", "--config", "c.yaml"])
    #expect((serve as? ServeCommand)?.options.file == "c.yaml")
    let chat = try #require(try OpenClaw.parseAsRoot(["chat", "--as", "bob", "--group", "demo"]) as? ChatCommand)
    #expect(chat.name == "bob")
    #expect(chat.group == "demo")
    #expect(chat.url == "http://127.0.0.1:8080")
    #expect(try OpenClaw.parseAsRoot(["config", "check", "--json"]) is ConfigCommand.Check)
  }

  @Test("Bad configuration exits with 78 and says everything in one message")
  func badConfiguration() throws {
    let problems = [ConfigurationProblem(place: "a:1:1", message: "x"), ConfigurationProblem(place: nil, message: "y")]
    let failure = try #require(CommandFailure(ConfigurationError(problems)))
    #expect(failure.status == .badConfiguration)
    #expect(failure.message == "bad configuration:\na:1:1: x\ny")
    #expect(ExitStatus.badConfiguration.rawValue == 78)
  }

  @Test(
    "A typing error finds the name that was meant",
    arguments: [("prot", "port"), ("PORT", "port"), ("porrt", "port"), ("host", "host"), ("zzzz", nil), ("", nil)]
      as [(String, String?)])
  func nearest(name: String, expected: String?) {
    #expect(NearestName.nearest(to: name, among: ["host", "port", "log_tool_calls"]) == expected)
  }
}
