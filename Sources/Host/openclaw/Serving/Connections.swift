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
          group.addTask { await channel.run(intake, status: ChannelStatus(of: channel.name, health: health, logger: logger)) }
        }
        // Without any channel this service must not end before the others.
        try? await gracefulShutdown()
      }
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
