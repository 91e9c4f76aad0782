import Core
import Foundation
import Storage
import Synchronization

/// What the journal costs, beside SQLite alone: `journal-benchmark [accept | queue | backup]`.
@main
struct JournalBenchmark {
  static func main() async {
    do {
      let parts = CommandLine.arguments.dropFirst()
      if parts.isEmpty || parts.contains("accept") { try await AcceptBenchmark().run() }
      if parts.isEmpty || parts.contains("queue") { try await QueueBenchmark().run() }
      if parts.isEmpty || parts.contains("backup") { try await BackupBenchmark().run() }
    } catch {
      FileHandle.standardError.write(Data("journal-benchmark: \(error)\n".utf8))
      exit(70)
    }
  }
}

struct Problem: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) {
    self.description = description
  }
}

/// A fresh database in a folder of its own, removed at the end.
final class Scratch: Sendable {
  let folder: URL
  let path: String

  init() throws {
    folder = FileManager.default.temporaryDirectory.appending(path: "journal-benchmark-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
    path = folder.appending(path: "openclaw.db").path
    // Makes the tables.
    try Self.open(path).close()
  }

  deinit {
    try? FileManager.default.removeItem(at: folder)
  }

  func open() throws -> Store { try Self.open(path) }

  /// Answers are counted, as the official platform does it.
  private static func open(_ path: String) throws -> Store {
    let group = SendingRules.Allowance(replies: 5, window: .seconds(300))
    return try Store(path: path, sendingRules: ["main": SendingRules(textLimit: 4000, replies: [.group: group])])
  }
}

/// The events of a load, made before the clock starts.
enum SampleEvents {
  static func make(_ count: Int, conversations: Int) -> [ChatEvent] {
    (0..<count).map { make($0, in: conversation($0 % conversations)) }
  }

  static func make(_ number: Int, in conversation: Conversation) -> ChatEvent {
    let id = "ROBOT1.0_" + padded(number, to: 10)
    let member = "qq:102000000:7D1C5A2B90E84F3388A1C2D3E4F5" + padded(number % 1000, to: 4)
    return ChatEvent(
      requestID: RequestID(), receivedAt: WallClock.system.now(), conversation: conversation,
      sender: Sender(id: member, name: "somebody"), messageID: id,
      text: "/weather city=Shenzhen days=3, and please tell me whether I need an umbrella (\(id))",
      mentions: Mentions(bot: true), sentAt: WallClock.system.now(), dedupeKeys: ["message:\(id)"])
  }

  static func conversation(_ number: Int) -> Conversation {
    Conversation(channel: "main", account: "102000000", scene: Scene(.group, "G" + padded(number, to: 6)))
  }

  private static func padded(_ number: Int, to width: Int) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
  }
}

/// Gives every number once.
final class Numbers: Sendable {
  private let value = Atomic(0)

  func next() -> Int { value.wrappingAdd(1, ordering: .relaxed).oldValue }

  /// How many were given.
  var given: Int { value.load(ordering: .relaxed) }
}

extension Duration {
  var seconds: Double { Double(components.seconds) + Double(components.attoseconds) * 1e-18 }
}

extension [Double] {
  /// 0 when there is no value.
  func quantile(_ share: Double) -> Double {
    isEmpty ? 0 : sorted()[Swift.min(count - 1, Int(Double(count) * share))]
  }

  var median: Double { quantile(0.5) }
}

extension String {
  /// To the right in `width` columns, or to the left when it is negative.
  func padded(to width: Int) -> String {
    let space = String(repeating: " ", count: Swift.max(0, abs(width) - count))
    return width < 0 ? self + space : space + self
  }
}
