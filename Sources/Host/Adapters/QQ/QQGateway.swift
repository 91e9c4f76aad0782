package import AdapterHTTP
package import Core

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
  package var isExclusive: Bool { true }

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
