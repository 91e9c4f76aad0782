import Foundation

/// `gateway [path of openclaw]` measures; the other modes are the processes that it starts.
@main
struct GatewayBenchmark {
  private static let rounds = 3
  /// Seconds after which a run that hangs is ended.
  private static let longestRun: UInt32 = 180

  @MainActor static func main() async {
    do {
      let arguments = CommandLine.arguments.dropFirst()
      switch arguments.first {
      case "bare", "verifying":
        Guardian.exitWithParent()
        try await BareServer.run(verifies: arguments.first == "verifying")
      case "guard":
        guard let program = arguments.dropFirst().first else { throw Problem("guard needs a program") }
        try Guardian.run(program, Array(arguments.dropFirst(2)))
      default:
        try measure(arguments.first.map { URL(filePath: $0).absoluteURL } ?? OpenClawFolder.builtProgram)
      }
    } catch {
      fail("\(error)")
    }
  }

  /// Blocks the main thread, on which nothing else waits.
  private static func measure(_ program: URL) throws {
    guard FileManager.default.isExecutableFile(atPath: program.path) else {
      throw Problem("\(program.path) is missing; build it with: swift build -c release --product openclaw")
    }
    let scratch = FileManager.default.temporaryDirectory.appending(path: "openclaw-benchmark-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: scratch, withIntermediateDirectories: false)
    defer { try? FileManager.default.removeItem(at: scratch) }
    let watch = endEarly(on: [SIGINT, SIGTERM, SIGHUP, SIGALRM], removing: scratch)
    defer { withExtendedLifetime(watch) {} }
    alarm(longestRun)

    var rounds: [Round] = []
    for number in 1...Self.rounds {
      FileHandle.standardError.write(Data("round \(number) of \(Self.rounds)\n".utf8))
      rounds.append(try Round(number: number, scratch: scratch, program: program))
    }
    print(Report(rounds: rounds).text)
  }

  /// The servers end with this process; only the folder must be cleared away.
  private static func endEarly(on signals: [Int32], removing folder: URL) -> [any DispatchSourceSignal] {
    signals.map { number in
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
      source.setEventHandler {
        try? FileManager.default.removeItem(at: folder)
        fail(number == SIGALRM ? "not done after \(longestRun) s" : "interrupted")
      }
      source.resume()
      return source
    }
  }

  private static func fail(_ reason: String) -> Never {
    FileHandle.standardError.write(Data("gateway: \(reason)\n".utf8))
    exit(70)
  }
}
