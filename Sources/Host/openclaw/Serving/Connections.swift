import Core
import Logging
import Operations
import ServiceLifecycle

/// Holds the connections that channels open by themselves, until graceful shutdown.
struct Connections: Service {
  let channels: [any ConnectingChannel]
  let intake: any FrameIntake
  let health: Health
  let logger: Logger

  func run() async throws {
    await cancelWhenGracefulShutdown {
      await withDiscardingTaskGroup { group in
        for channel in channels {
          group.addTask { await channel.run(intake, status: status(of: channel.name)) }
        }
        // Without any channel this service must not end before the others.
        try? await gracefulShutdown()
      }
    }
  }

  /// A channel that cannot connect is no reason to restart the service: the others go on.
  private func status(of channel: String) -> ChannelStatus {
    ChannelStatus { problem in
      health.report("channel \(channel)", problem.map { .degraded($0) } ?? .ok)
      if let problem {
        logger.warning("a channel does not work as it should", metadata: ["channel": "\(channel)", "reason": "\(problem)"])
      } else {
        logger.notice("a channel works", metadata: ["channel": "\(channel)"])
      }
    }
  }
}
