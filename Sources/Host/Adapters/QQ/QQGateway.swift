package import AdapterHTTP
package import Core
import Synchronization

/// The WebSocket client of one official bot: a connection for each shard, opened again whenever it ends.
package struct QQGateway: ConnectingChannel {
  private let configuration: QQConfiguration
  private let bot: QQBot
  private let sockets: SocketClient
  private let memory: any ChannelMemory
  private let random: @Sendable () -> Double

  /// - Parameters:
  ///   - bot: whose token is used; share it with the deliverer.
  ///   - memory: where sessions can be resumed after a restart.
  ///   - random: from 0 to 1, to spread what many connections do.
  package init(
    _ bot: QQBot, sockets: SocketClient, memory: any ChannelMemory,
    random: @escaping @Sendable () -> Double = { .random(in: 0...1) }
  ) {
    configuration = bot.api.configuration
    self.bot = bot
    self.sockets = sockets
    self.memory = memory
    self.random = random
  }

  package var name: String { configuration.name }

  package func run(_ intake: any FrameIntake, status: ChannelStatus) async {
    let time = QQStopwatch(bot.clock)
    let directory = QQGatewayDirectory(api: bot.api, time: time)
    let board = QQShardBoard(status)
    let context = QQGatewayShard.Context(
      api: bot.api, sockets: sockets, directory: directory, time: time, intake: intake, random: random)
    await withDiscardingTaskGroup { group in
      for index in 0..<configuration.shards {
        group.addTask {
          let notebook = QQSessionNotebook(memory: memory, configuration: configuration, shard: index)
          let shard = QQGatewayShard(
            context, index: index, position: await notebook.position(), report: { board.report($0, of: index) })
          await shard.run(notebook)
        }
      }
    }
  }
}

/// Puts the words of several shards together: the channel works when all of them do.
final class QQShardBoard: Sendable {
  private let status: ChannelStatus
  private let state = Mutex<(problems: [Int: String], last: String??)>(([:], nil))

  init(_ status: ChannelStatus) {
    self.status = status
  }

  /// - Parameter problem: nil when the shard works.
  func report(_ problem: String?, of shard: Int) {
    state.withLock { state in
      state.problems[shard] = problem
      let worst = state.problems.min { $0.key < $1.key }?.value
      guard state.last != .some(worst) else { return }
      state.last = .some(worst)
      if let worst { status.isDegraded(worst) } else { status.works() }
    }
  }
}

/// Where one shard's session can be resumed, kept over restarts.
struct QQSessionNotebook: Sendable {
  let memory: any ChannelMemory
  let configuration: QQConfiguration
  let shard: Int

  /// Nil when there is none, or one of other settings.
  func position() async -> QQGatewaySession.Position? {
    guard let text = await memory.note(name, of: configuration.name), let note = try? JSON(parsing: text),
      note["app"]?.string == configuration.appID, note["intents"]?.integer == configuration.intents.rawValue,
      let session = note.identifier("session"), let sequence = note["seq"]?.integer
    else { return nil }
    return .init(sessionID: session, sequence: sequence, botUserID: note.identifier("bot"))
  }

  /// A note that cannot be written costs a few events more after the next restart; they are recognised.
  func keep(_ position: QQGatewaySession.Position?) async {
    var note = ""
    if let position {
      let document: JSON = [
        "app": .string(configuration.appID), "intents": .integer(configuration.intents.rawValue),
        "session": .string(position.sessionID), "seq": .integer(position.sequence),
        "bot": position.botUserID.map(JSON.string) ?? .null,
      ]
      note = document.canonical
    }
    try? await memory.keep(note, as: name, of: configuration.name)
  }

  private var name: String { "session.\(shard)-of-\(configuration.shards)" }
}
