import ArgumentParser
import AsyncHTTPClient
import Core
import Foundation
import NIOCore
import NIOSSL

/// `openclaw chat`
struct ChatCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "chat",
    abstract: "Talk to the robot in the playground of a running service.",
    discussion: """
      At a terminal: type, and answers appear above the prompt; Ctrl-C empties the line, Ctrl-D leaves.
      With lines on standard input: each is said, its answers are printed, and the exit code is 0 after the last one:

          printf '/help\\n/tools\\n' | openclaw chat --as alice

      The playground knows admin, alice and bob, and the group demo. To approve what alice asks for, run a second \
      `openclaw chat --as admin`.
      """)

  @Option(help: "The address of the service.")
  var url = "http://127.0.0.1:8080"

  @Option(name: .customLong("as"), help: ArgumentHelp("Who you are.", valueName: "name"))
  var name = "alice"

  @Option(help: "The group to talk in; without it you are alone with the robot.")
  var group: String?

  func validate() throws {
    do {
      _ = try ValueSyntax.url("http", "https").parse(url)
    } catch {
      throw ValidationError("--url \(error.reason).")
    }
    for (flag, value) in [("--as", name), ("--group", group ?? "demo")] {
      do {
        _ = try ValueSyntax.identifier.parse(value)
      } catch {
        throw ValidationError("\(flag) \(error.reason).")
      }
    }
  }

  func run() async throws {
    var settings = HTTPClient.Configuration()
    settings.connectionPool.retryConnectionEstablishment = false
    settings.timeout.connect = .seconds(5)
    if isLocal {
      // The service's certificate is made out to its public name; on this machine there is nobody in between.
      var tls = TLSConfiguration.makeClientConfiguration()
      tls.certificateVerification = .none
      settings.tlsConfiguration = tls
    }
    let client = HTTPClient(configuration: settings)
    let outcome: Result<Bool, any Error>
    do {
      outcome = .success(try await talk(through: client))
    } catch {
      outcome = .failure(error)
    }
    try await client.shutdown()
    do {
      guard try outcome.get() else { throw ExitStatus.notSo.exitCode }
    } catch let error as PlaygroundError {
      throw CommandFailure(.unavailable, code: "unavailable", "openclaw chat: \(error.reason.printable)")
    } catch let refusal as PlaygroundRefusal {
      throw CommandFailure(.notSo, code: refusal.code, "openclaw chat: \(refusal.description.printable)")
    }
  }

  private var isLocal: Bool {
    guard let host = URLComponents(string: url)?.host else { return false }
    return host == "localhost" || LoopbackAddress.contains(host.trimmingCharacters(in: ["[", "]"]))
  }

  /// Whether everything said was taken.
  private func talk(through client: HTTPClient) async throws -> Bool {
    let service = HTTPPlayground(client: client, url: url.hasSuffix("/") ? String(url.dropLast()) : url)
    let speaker = Speaker(name: name, group: group)
    guard LineEditor.isPossible else {
      let session = ChatSession(
        service: service, speaker: speaker, show: { try StandardOutput.write($0) },
        note: { StandardError.write("openclaw chat: \($0)") })
      return try await session.talk(StandardInput())
    }
    let outside = ChatSession(
      service: service, speaker: speaker, show: { _ in }, note: { StandardError.write("openclaw chat: \($0)") })
    let start = try await outside.begin()
    let place = group.map { "in the group \($0)" } ?? "in a private chat with the robot"
    try StandardOutput.write("You are \(name) \(place), at \(service.url). Try /help. Ctrl-D leaves.")
    guard let editor = LineEditor(prompt: group.map { "\(name)@\($0)> " } ?? "\(name)> ") else {
      throw CommandFailure(.unavailable, code: "no_terminal", "openclaw chat: the terminal cannot be used")
    }
    let session = ChatSession(
      service: service, speaker: speaker, show: { await editor.show($0) }, note: { await editor.show("[\($0)]") })
    try await session.converse(editor.lines, from: start)
    editor.close()
    try StandardOutput.write("")
    return true
  }
}
