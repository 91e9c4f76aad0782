import Core
import Logging
import Operations
import ServiceLifecycle
import Storage

/// Holds the connections that channels open by themselves, until graceful shutdown.
///
/// Where several instances share the work, one of them holds a channel's connection: it would otherwise bring each event as often
/// as there are instances, and a platform may allow one session only.
struct Connections: Service {
  /// How often an instance looks whether it holds a channel, or may.
  private static let look = Duration.seconds(1)

  let channels: [any ConnectingChannel]
  let store: Store
  let intake: any FrameIntake
  let health: Health
  let logger: Logger

  func run() async throws {
    await cancelWhenGracefulShutdown {
      await withDiscardingTaskGroup { group in
        for channel in channels {
          group.addTask {
            if store.isShared && channel.isExclusive { await holdInTurn(channel) } else { await hold(channel) }
          }
        }
        // Without any channel this service must not end before the others.
        try? await gracefulShutdown()
      }
    }
  }

  private func hold(_ channel: any ConnectingChannel) async {
    await channel.run(intake, status: ChannelStatus(of: channel.name, health: health, logger: logger))
  }

  private func holdInTurn(_ channel: any ConnectingChannel) async {
    let name = channel.name
    while !Task.isCancelled {
      if await mayTake(name), (try? await store.write({ try $0.takeChannel(name) })) == true {
        logger.notice("this instance holds the channel's connection", metadata: ["channel": "\(name)"])
        await withTaskGroup { group in
          group.addTask { await hold(channel) }
          group.addTask { await untilLost(name) }
          await group.next()
          group.cancelAll()
        }
      }
      // Cancelled: the loop ends.
      try? await Task.sleep(for: Self.look)
    }
  }

  /// A look costs the writer nothing.
  private func mayTake(_ name: String) async -> Bool {
    do {
      let holder = try await store.read { try $0.channelHolder(of: name) }
      return holder == nil || holder == store.boot
    } catch {
      return false
    }
  }

  /// Returns when another instance may have taken the channel, or nobody can tell.
  private func untilLost(_ name: String) async {
    while !Task.isCancelled {
      try? await Task.sleep(for: Self.look)
      guard (try? await store.read({ try $0.channelHolder(of: name) })) == store.boot else { return }
    }
  }
}

extension ChannelStatus {
  /// One that is shown under `channel <part>`. A channel that cannot connect is no reason to restart the service: the others
  /// go on.
  init(of part: String, health: Health, logger: Logger) {
    self.init { problem in
      health.report("channel \(part)", problem.map { .degraded($0) } ?? .ok)
      if let problem {
        logger.warning("a channel does not work as it should", metadata: ["channel": "\(part)", "reason": "\(problem)"])
      } else {
        logger.notice("a channel works", metadata: ["channel": "\(part)"])
      }
    }
  }
}
