import Core
import Foundation
import Testing

@testable import openclaw

@Suite struct SecretSourceTests {
  @Test("A secret comes from a variable or a private file, without the line break at its end")
  func read() throws {
    let folder = try ScratchFolder()
    let file = try folder.write("hunter2 \r\n\n", to: "secret", mode: 0o640)
    #expect(try SecretSource.file(file).read(environment: [:]).reveal() == "hunter2 ")
    #expect(try SecretSource.environment("S").read(environment: ["S": "x\n"]).reveal() == "x")
  }

  @Test("A secret that is missing, empty, long, of several lines or open to everybody is refused with the way out")
  func refused() throws {
    let folder = try ScratchFolder()
    func reason(_ source: SecretSource, _ environment: [String: String] = [:]) -> String {
      do {
        _ = try source.read(environment: environment)
        return "accepted"
      } catch {
        return error.reason
      }
    }
    #expect(reason(.environment("S")) == "needs the environment variable S, which is not set")
    #expect(reason(.environment("S"), ["S": "\n"]) == "needs a secret, but the environment variable S is empty")
    #expect(reason(.environment("S"), ["S": "a\nb"]) == "needs a secret of one line, but the environment variable S has several")

    let gone = folder.path + "/gone"
    #expect(reason(.file(gone)) == "needs the file \(gone), which cannot be read: No such file or directory")
    #expect(reason(.file(folder.path)) == "needs the file \(folder.path), which is not a regular file")
    for mode in [0o604, 0o602, 0o644] {
      let open = try folder.write("s", to: "open", mode: mode)
      #expect(reason(.file(open)).hasSuffix("is open to every user of this machine; run: chmod 600 \(open)"))
    }
    let empty = try folder.write("\n", to: "empty")
    #expect(reason(.file(empty)) == "needs a secret, but the file \(empty) is empty")
    let long = try folder.write(String(repeating: "s", count: SecretSource.maximumBytes + 1), to: "long")
    #expect(reason(.file(long)) == "needs a secret, but the file \(long) is larger than 64 KiB")
    let queue = folder.path + "/queue"
    #expect(mkfifo(queue, 0o600) == 0)
    #expect(reason(.file(queue)) == "needs the file \(queue), which is not a regular file")
  }

  @Test(
    "A secret in the file itself is refused, and no error repeats it",
    arguments: [
      "hunter2", "'hunter2'", "[hunter2]", "{ value: hunter2 }", "{ file: a, env: b }", "{}", "[]",
      "[{ env: S }, { env: S }, { env: S }]", "{ env: 'hunter2!' }",
    ])
  func inline(value: String) throws {
    let folder = try ScratchFolder()
    try folder.write("channels: [{ name: q, kind: qq, app_id: 1, secret: \(value) }]", to: "openclaw.yaml")
    let error = try #require(throws: ConfigurationError.self) {
      try ConfigurationLoader(environment: ["S": "s"], workingDirectory: folder.path).load()
    }
    #expect(error.problems.count == 1, "\(error)")
    #expect(!error.description.contains("hunter2"))
  }

  @Test("What the configuration prints of itself holds no secret")
  func summary() throws {
    let folder = try ScratchFolder()
    try folder.write("channels: [{ name: q, kind: qq, app_id: 1, secret: { env: S } }]", to: "openclaw.yaml")
    let configuration = try ConfigurationLoader(environment: ["S": "hunter2"], workingDirectory: folder.path).load()
    for text in [configuration.overview, configuration.summary.canonical, "\(configuration)", String(reflecting: configuration)] {
      #expect(!text.contains("hunter2"))
    }
  }
}
