import Core

/// How many WebSockets there are between the simulator and the application.
package enum OneBotSockets: Sendable {
  case universal
  /// One for actions and one for events.
  case separate
}

extension OneBotSimulator {
  package struct RefusedError: Error {
    package let status: Int?
  }

  // MARK: Reverse: the application is the server

  /// Connects to the application at `path` and stays while `body` runs.
  package func connect(
    to port: Int, path: String, sockets: OneBotSockets = .universal, _ body: @escaping @Sendable () async throws -> Void
  ) async throws {
    switch sockets {
    case .universal: try await connect(to: port, path, role: "Universal", bringsEvents: true, body)
    case .separate:
      try await connect(to: port, path, role: dialect.apiRole, bringsEvents: false) { [self] in
        try await connect(to: port, path, role: "Event", bringsEvents: true, body)
      }
    }
  }

  private func connect(
    to port: Int, _ path: String, role: String, bringsEvents: Bool, _ body: @escaping @Sendable () async throws -> Void
  ) async throws {
    var headers = ["X-Self-ID: \(account)", "X-Client-Role: \(role)"]
    if !dialect.userAgent.isEmpty { headers.append("User-Agent: \(dialect.userAgent)") }
    if token != nil || dialect.sendsEmptyToken { headers.append("Authorization: \(dialect.scheme) \(token ?? "")") }
    try await RawClient.connect(to: port) { (client: inout RawClient) async throws in
      await client.send(WebSocketClient.upgrade(path, headers: headers))
      let answer = try await client.readResponse()
      guard answer?.status == 101 else { throw RefusedError(status: answer?.status) }
      var socket = WebSocketClient(client: client)
      let sender = client.writer
      let line = bringsEvents ? join { await sender.send(WebSocketClient.text($0)) } : nil
      if bringsEvents { for greeting in greetings { await sender.send(WebSocketClient.text(greeting)) } }
      let work = Task {
        defer { if let line { leave(line) } }
        let result = await Result.catching(body)
        // The application's own close ends the reading below.
        await sender.send(WebSocketClient.close(1000))
        return result
      }
      reading: while let frame = await socket.read() {
        switch frame.opcode {
        case 1: if let answer = self.answer(frame: frame.text) { await socket.send(WebSocketClient.text(answer)) }
        case 8: break reading
        case 9: await socket.send(WebSocketClient.frame(10, frame.payload))
        default: break
        }
      }
      try await work.value.get()
    }
  }

  // MARK: Forward: the application is the client

  /// Serves `/`, `/api` and `/event` on a port of its own while `body` runs.
  package func listen(_ body: (_ port: Int) async throws -> Void) async throws {
    try await RawServer.run { [self] connection in
      guard var socket = await WebSocketPeer(connection) else { return }
      await serve(&socket)
    } _: { port in
      try await body(port)
    }
  }

  private func serve(_ socket: inout WebSocketPeer) async {
    let parts = socket.target.split(separator: "?", maxSplits: 1)
    let path = String(parts.first ?? "/")
    let accept = WebSocketPeer.acceptance(of: socket.headers["sec-websocket-key"] ?? "")
    let inQuery = parts.count > 1 && token.map { parts[1] == "access_token=\($0)" } ?? false
    guard token == nil || socket.headers["authorization"] == "Bearer \(token ?? "")" || inQuery else {
      switch dialect.wrongToken {
      case .refuses(let status): await socket.refuse(status)
      case .tellsAndCloses(let code):
        await socket.accept(accept)
        await socket.say(JSON.object(failure(1403, "token verify failed")).canonical)
        await socket.close(code)
        _ = await socket.read()
      case .closes(let code):
        await socket.accept(accept)
        await socket.close(code)
        _ = await socket.read()
      }
      return
    }
    guard ["/", "/api", "/event"].contains(path) else { return await socket.refuse("404 Not Found") }
    await socket.accept(accept)
    let sender = socket.client.writer
    let line = path == "/api" ? nil : join { await sender.send(WebSocketClient.frame(1, Array($0.utf8), masked: false)) }
    defer { if let line { leave(line) } }
    if path != "/api" { for greeting in greetings { await socket.say(greeting) } }
    while let text = await socket.listen() {
      if path != "/event", let answer = answer(frame: text) { await socket.say(answer) }
    }
    await socket.close(1000)
  }
}

extension Result where Failure == any Error, Success: Sendable {
  fileprivate static func catching(_ body: () async throws -> Success) async -> Self {
    do { return .success(try await body()) } catch { return .failure(error) }
  }
}
