package import AsyncHTTPClient
package import Core

/// One official bot's access to the API, shared by whatever speaks for it.
package struct QQBot: Sendable {
  let api: QQAPI
  let wallClock: WallClock
  let clock: any Clock<Duration>

  /// - Parameter status: told whether access tokens can be had.
  package init(
    _ configuration: QQConfiguration, client: HTTPClient, wallClock: WallClock = .system,
    clock: any Clock<Duration> = ContinuousClock(), status: ChannelStatus = .unobserved
  ) {
    let http = QQHTTP(client: client)
    api = QQAPI(
      configuration: configuration, http: http,
      tokens: QQTokenProvider(configuration: configuration, http: http, wallClock: wallClock, clock: clock, status: status),
      time: QQStopwatch(clock))
    self.wallClock = wallClock
    self.clock = clock
  }
}
