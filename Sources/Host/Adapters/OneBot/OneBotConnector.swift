package import AdapterHTTP
package import Core
import Sockets

/// Connects to the implementation's WebSocket server, and again whenever that ends; tells the operator how the channel does.
package struct OneBotConnector: ConnectingChannel {
  private static let loginLimit: Duration = .seconds(10)
  private static let policyViolation: UInt16 = 1008

  private let configuration: OneBotConfiguration
  private let accounts: OneBotAccounts
  private let client: SocketClient?
  private let clock: any Clock<Duration>
  private let jitter: @Sendable () -> Double

  /// - Parameters:
  ///   - client: nil where nothing is to be connected to: then only what the accounts say is passed on.
  ///   - clock: measures waits and answers.
  ///   - jitter: by which each wait is multiplied.
  package init(
    _ configuration: OneBotConfiguration, accounts: OneBotAccounts, client: SocketClient?,
    clock: any Clock<Duration> = ContinuousClock(), jitter: @escaping @Sendable () -> Double = { .random(in: 0.8...1.2) }
  ) {
    self.configuration = configuration
    self.accounts = accounts
    self.client = client
    self.clock = clock
    self.jitter = jitter
  }

  package var name: String { configuration.name }
  package var isExclusive: Bool { client != nil }

  package func run(_ intake: any FrameIntake, status: ChannelStatus) async {
    accounts.condition.observe(by: status)
    guard let client, let url = configuration.socketURL else {
      // Nothing to do but to be there until the task is cancelled.
      let (never, end) = AsyncStream.makeStream(of: Never.self)
      for await _ in never {}
      end.finish()
      return
    }
    guard configuration.separatesEvents else { return await keep(url, .universal, client, intake) }
    await withDiscardingTaskGroup { group in
      group.addTask { await keep(url.appending(path: "api"), .api, client, intake) }
      group.addTask { await keep(url.appending(path: "event"), .event, client, intake) }
    }
  }

  private func keep(_ url: SocketURL, _ role: OneBotRole, _ client: SocketClient, _ intake: any FrameIntake) async {
    var reconnection = OneBotReconnection()
    while !Task.isCancelled {
      let end = await connect(url, role, client, intake)
      guard !Task.isCancelled else { return }
      accounts.condition.report(end.problem, of: .connection(role.rawValue))
      try? await clock.sleep(for: reconnection.wait(after: end) * jitter())
    }
  }

  /// One connection from its beginning to its end.
  private func connect(
    _ url: SocketURL, _ role: OneBotRole, _ client: SocketClient, _ intake: any FrameIntake
  ) async -> OneBotConnectionEnd {
    let session = OneBotSession(
      selfID: nil, role: role, accounts: accounts,
      interpreter: OneBotInterpreter(channel: name, maximumAge: configuration.maximumAge), clock: clock)
    let headers = configuration.accessTokens.first.map { [("Authorization", "Bearer \($0.reveal())")] } ?? []
    do throws(SocketConnectError) {
      let closure = try await client.withSocket(to: url, headers: headers) { socket, messages in
        await session.opened(socket)
        // Beside the reading, for its answer has to be read.
        async let login: Void = askWhoseItIs(session, socket)
        await read(&messages, of: session, socket, intake, mostMalformed: client.configuration.maximumMalformedFrames)
        await session.closed()
        await login
      }
      let isKnown = session.selfID != nil
      if await session.isUnauthorized || (!isKnown && closure.isByPeer && closure.code == Self.policyViolation) {
        return .credentials
      }
      let reason = "close code \(closure.code)"
      return isKnown ? .lost(reason: reason) : .failed(reason: reason)
    } catch {
      switch error {
      case .refused(401), .refused(403): return .credentials
      default: return .failed(reason: error.description)
      }
    }
  }

  /// Events may be long in coming, and until the account is known nothing can be sent.
  private func askWhoseItIs(_ session: OneBotSession, _ socket: any TextSocket) async {
    guard session.role.takesCalls else { return }
    do {
      let answer = try await session.call("get_login_info", [:], limit: Self.loginLimit)
      if let account = answer.userID, answer.failure == nil { await session.identify(as: account) }
      if answer.failure == .unauthorized { await socket.close(code: 1000, reason: "") }
    } catch {
      guard error == .timedOut, session.selfID == nil else { return }
      await socket.close(code: 1000, reason: "no answer to get_login_info")
    }
  }

  private func read(
    _ messages: inout SocketMessages, of session: OneBotSession, _ socket: any TextSocket, _ intake: any FrameIntake,
    mostMalformed: Int
  ) async {
    var malformed = 0
    while malformed < mostMalformed, let message = await messages.next() {
      if case .malformed = await intake.admit(frame: message, of: session, channel: name) {
        malformed += 1
      } else {
        malformed = 0
      }
    }
    if malformed == mostMalformed { await socket.close(code: Self.policyViolation, reason: "too many malformed frames") }
  }
}
