import Core
import Foundation
import Synchronization
import TestSupport
import Testing

/// At how many moments; more than there are syncs tries them all.
private let cuts = ProcessInfo.processInfo.environment["OPENCLAW_CRASH_CUTS"].flatMap { Int($0) } ?? 300

@Suite("The power goes out", .timeLimit(.minutes(10)))
struct PowerCutTests {
  /// Of all moments, those after which the service itself goes on.
  private static let continuedMoments = 10

  @Test("at any moment: what was acknowledged is there, the database is whole, the audit chain holds, and the service goes on")
  func powerCut() async throws {
    let seed = UInt64.random(in: 0...UInt64.max)
    var random = SplitMix(state: seed)
    let platform = try await FaultyPlatform.start(PlatformFaults(seed: 0, perTenThousand: [:]))
    let world = try await OutsideWorld.start()
    let house = try await CrashHouse(platform: platform, world: world)
    let day = try await RecordedDay(house: house, platform: platform, world: world)

    // Whether nothing escaped the shim.
    let end = try day.folder(after: day.calls.count).whole
    #expect(end["openclaw.db"].map { Data($0) } == (try Data(contentsOf: house.data.appending(path: "openclaw.db"))))

    // Before and after syncs, and at any other moment.
    let syncs = day.calls.indices.filter { day.calls[$0].isSync }
    let atSyncs = syncs.flatMap { [$0, $0 + 1] }.shuffled(using: &random).prefix(cuts * 3 / 4)
    let others = (0..<max(1, cuts / 4)).map { _ in Int.random(in: 0...day.calls.count, using: &random) }
    let moments = Set(atSyncs + others).sorted()
    let continued = Set((1...Self.continuedMoments).map { moments[moments.count * $0 / (Self.continuedMoments + 1)] })
    let scratch = house.folder.appending(path: "after")
    var folder = try day.folder(after: 0)
    var applied = 0
    for moment in moments {
      for call in day.calls[applied..<moment] { try folder.apply(call) }
      applied = moment
      try RecordedDay.write(folder.cut(using: &random), to: scratch)
      if continued.contains(moment) { try await day.goOn(from: scratch, at: moment) }
      let problems = try await JournalCheck.problems(in: scratch, promises: day.promises(at: moment))
      #expect(problems.isEmpty, "seed \(seed), after call \(moment) of \(day.calls.count): \(problems.prefix(3))")
    }
    print("power cuts: \(moments.count) over \(day.calls.count) calls, \(syncs.count) of them syncs; seed \(seed)")
    #expect(syncs.count > 100)
  }
}

/// Some lives of the service with every call written down.
private struct RecordedDay {
  let calls: [FileCall]
  private let house: CrashHouse
  private let platform: FaultyPlatform
  private let world: OutsideWorld
  private let start: URL
  private let spoken: Spoken
  private let words: [(place: Int, word: Word)]

  /// Two lives that are killed, one that ends in order, and one more.
  init(house: CrashHouse, platform: FaultyPlatform, world: OutsideWorld) async throws {
    self.house = house
    self.platform = platform
    self.world = world
    start = house.folder.appending(path: "start")
    try FileManager.default.copyItem(at: house.data, to: start)
    let log = house.folder.appending(path: "calls")
    let spoken = Spoken()
    self.spoken = spoken
    let service = RestartingService(in: house.folder, shim: try await CrashShim.built(in: house.folder), log: log)
    for (part, death) in [
      RestartingService.Death.afterListening(.milliseconds(300)), .afterListening(.milliseconds(200)), nil, nil,
    ].enumerated() {
      var load = CrashLoad(platform: platform, world: world, service: service, name: "part-\(part)-")
      load.spoken = spoken
      let people = load
      // People go on while the service is killed and started again.
      let story = Task {
        async let readers: Void = withThrowingDiscardingTaskGroup { group in
          for number in 1...4 { group.addTask { try await people.read(in: "R\(number)") { $0 == 12 } } }
        }
        _ = try await people.write(in: "W") { $0 == 3 }
        try await readers
        try await platform.book.waitUntilOpen(atMost: 0)
      }
      defer { story.cancel() }
      if let death { try await service.live(until: death) }
      try await service.live(until: .endOf(story))
    }
    #expect(platform.book.violations.isEmpty, "\(platform.book.violations.prefix(3))")
    let calls = try FileCall.read(log)
    self.calls = calls
    words = calls.indices.compactMap { place in Word(calls[place], spoken).map { (place, $0) } }
  }

  func folder(after count: Int) throws -> PowerCutFolder {
    var folder = try PowerCutFolder(startingAs: start)
    for call in calls.prefix(count) { try folder.apply(call) }
    return folder
  }

  static func write(_ contents: [String: [UInt8]], to folder: URL) throws {
    try? FileManager.default.removeItem(at: folder)
    for (path, bytes) in contents {
      let file = folder.appending(path: path)
      try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
      try Data(bytes).write(to: file)
    }
  }

  // MARK: What had left by then

  /// Something that left the process, and so binds it.
  private enum Word {
    case acknowledgement(of: [String])
    case reply(JournalCheck.Promises.Saying, text: String)
    case effect(JSON)

    init?(_ call: FileCall, _ spoken: Spoken) {
      guard call.kind == .sent else { return nil }
      let text = String(decoding: call.bytes, as: UTF8.self)
      if text.hasPrefix("HTTP/1.1 200") {
        self = .acknowledgement(of: spoken.acknowledged(in: text))
        return
      }
      guard let body = text.firstIndex(of: "{").flatMap({ try? JSON(parsing: String(text[$0...])) }) else { return nil }
      if let id = body["msg_id"]?.string, let sequence = body["msg_seq"]?.integer {
        self = .reply(
          .init(messageID: id, sequence: sequence),
          text: body["content"]?.string ?? body["markdown"]?["content"]?.string ?? "")
      } else if body["name"] != nil {
        self = .effect(body)
      } else {
        return nil
      }
    }
  }

  private func words(before moment: Int) -> [Word] { words.prefix { $0.place < moment }.map(\.word) }

  func promises(at moment: Int) -> JournalCheck.Promises {
    words(before: moment).reduce(into: JournalCheck.Promises()) { promises, word in
      switch word {
      case .acknowledgement(let ids): promises.acknowledged.formUnion(ids)
      case .reply(let saying, _): promises.said.insert(saying)
      case .effect(let arguments): promises.effects.insert(arguments.canonical)
      }
    }
  }

  /// The service starts in what is left, and answers what it owes: each once, with what had been said before the cut.
  func goOn(from folder: URL, at moment: Int) async throws {
    let promises = promises(at: moment)
    let book = ReplyBook()
    let entries = spoken.entries
    for entry in entries { book.offer(entry) }
    let paths = Dictionary(uniqueKeysWithValues: entries.map { ($0.id, $0.path) })
    for case .reply(let saying, let text) in words(before: moment) {
      let path = paths[saying.messageID] ?? ""
      _ = book.judge(path: path, messageID: saying.messageID, sequence: saying.sequence, text: text)
    }
    platform.open(book)
    world.reset(to: Set(promises.effects.compactMap { (try? JSON(parsing: $0))?["name"]?.string }))
    try FileManager.default.removeItem(at: house.data)
    try FileManager.default.copyItem(at: folder, to: house.data)
    let service = RestartingService(in: house.folder)
    try await service.start()
    for id in promises.acknowledged { _ = try await book.words(to: id) }
    #expect(await service.stop() == 0)
    #expect(book.violations.isEmpty, "after call \(moment): \(book.violations.prefix(3))")
    #expect(world.repeated.isEmpty, "after call \(moment): \(world.repeated)")
  }
}

/// What people said, and by which answers it was acknowledged.
final class Spoken: Sendable {
  private struct State {
    var entries: [ReplyBook.Entry] = []
    /// Ids of messages by the id of the request that brought them.
    var requests: [String: String] = [:]
  }

  private let state = Mutex(State())

  var entries: [ReplyBook.Entry] { state.withLock(\.entries) }

  func offered(_ entry: ReplyBook.Entry) { state.withLock { $0.entries.append(entry) } }

  func acknowledged(_ id: String, by request: String?) {
    guard let request else { return }
    state.withLock { $0.requests[request] = id }
  }

  /// The messages that these bytes acknowledge.
  func acknowledged(in text: String) -> [String] {
    let requests = text.split(separator: "\r\n").compactMap { line -> String? in
      guard let colon = line.firstIndex(of: ":"), line[..<colon].lowercased() == "x-request-id" else { return nil }
      return line[line.index(after: colon)...].trimmingPrefix(" ").description
    }
    return state.withLock { state in requests.compactMap { state.requests[$0] } }
  }
}
