import Core
import Logging
import NIOCore
import NIOHTTP1

/// Serves the requests of one HTTP connection, one after the other.
struct HTTPConnection {
  typealias Parts = NIOAsyncChannelInboundStream<HTTPServerRequestPart>.AsyncIterator
  typealias Writer = NIOAsyncChannelOutboundWriter<HTTPServerResponsePart>

  /// The request broke off before it could be answered in the ordinary way.
  private struct BrokenRequestError: Error {
    let refusal: Refusal
  }

  /// An answer that was begun and could not be finished.
  private struct AbortedAnswerError: Error {
    let cause: any Error
  }

  let service: HTTPService

  /// Returns when the connection is closed.
  func run(_ channel: NIOAsyncChannel<HTTPServerRequestPart, HTTPServerResponsePart>) async {
    let peer = service.configuration.trustedProxies.peer(channel.channel.remoteAddress?.ipAddress ?? "")
    do {
      try await channel.executeThenClose { inbound, outbound in
        var parts = inbound.makeAsyncIterator()
        do {
          while let part = try await next(&parts) {
            guard case .head(let head) = part else { continue }
            var exchange = Exchange(service: service, head: head, peer: peer)
            guard try await serve(&exchange, &parts, outbound) else { break }
          }
        } catch let broken as BrokenRequestError {
          try await answerBroken(broken.refusal, outbound, peer.text)
        }
        outbound.finish()
        // The gate closes once the peer has done so, or has had its time.
        try await channel.channel.closeFuture.get()
      }
    } catch {
      // The peer is gone: there is nobody to tell, and what it sent before has been dealt with.
      service.admission.logger.trace("connection ended early", metadata: ["reason": "\(error)"])
    }
  }

  private func next(_ parts: inout Parts) async throws -> HTTPServerRequestPart? {
    do {
      return try await parts.next()
    } catch HTTPParserError.headerOverflow {
      throw BrokenRequestError(refusal: .headersTooLarge)
    } catch is HTTPParserError {
      throw BrokenRequestError(refusal: .malformedHTTP)
    } catch is RequestTimeoutError {
      throw BrokenRequestError(refusal: .requestTimeout)
    } catch is PipelineOverflowError {
      throw BrokenRequestError(refusal: .tooManyPipelined)
    }
  }

  private func answerBroken(_ refusal: Refusal, _ writer: Writer, _ remoteAddress: String) async throws {
    let now = service.admission.clock.now()
    let requestID = RequestID(at: now)
    service.admission.note(refusal, channel: "-", requestID: requestID, remoteAddress: remoteAddress)
    let answer = HTTPAnswer(refusal, requestID: requestID)
    let head = answer.head(version: .http1_1, requestID: requestID, date: service.dates.text(at: now), closing: true)
    try await writer.write(contentsOf: [.head(head), .body(.byteBuffer(ByteBuffer(bytes: answer.body))), .end(nil)])
  }

  // MARK: One request

  /// Answers one request. False: the connection must end now.
  private func serve(_ exchange: inout Exchange, _ parts: inout Parts, _ writer: Writer) async throws -> Bool {
    do {
      try HTTPRules.checkEvery(exchange.head.version, exchange.headers)
      switch service.table.lookup(exchange.path) {
      case .found(let entry):
        exchange.channel = entry.channel
        let webhook = try webhook(of: entry, &exchange)
        return try await receive(for: webhook, &exchange, &parts, writer)
      case .unknownChannel: throw Refusal.unknownChannel
      case .elsewhere:
        guard let answer = try service.builtIn(exchange.path, isLocal: exchange.isLocal, requestID: exchange.requestID) else {
          return try await route(&exchange, &parts, writer)
        }
        guard exchange.head.method == .GET || exchange.head.method == .HEAD else { throw exchange.methodNotAllowed("GET") }
        return try await finish(answer, &exchange, &parts, writer)
      }
    } catch let refusal as Refusal {
      service.admission.note(
        refusal, channel: exchange.channel, requestID: exchange.requestID, remoteAddress: exchange.remoteAddress)
      return try await finish(exchange.answer(refusal), &exchange, &parts, writer)
    }
  }

  private func webhook(of entry: ChannelTable.Entry, _ exchange: inout Exchange) throws(Refusal) -> any WebhookChannel {
    if let webhook = entry.webhook, exchange.head.method == .POST { return webhook }
    if entry.socket != nil, exchange.head.method == .GET { throw .upgradeRequired }
    throw exchange.methodNotAllowed(entry.webhook == nil ? "GET" : "POST")
  }

  private func receive(
    for channel: any WebhookChannel, _ exchange: inout Exchange, _ parts: inout Parts, _ writer: Writer
  ) async throws -> Bool {
    if service.drain.isSet { throw Refusal.draining }
    try HTTPRules.checkEvent(exchange.headers, maximumBody: service.configuration.maximumBody)
    try service.admission.check(address: exchange.client.bucket, at: exchange.receivedAt)
    var body = BudgetedBody(budget: service.bodies)
    defer { body.release() }
    try await read(into: &body, &exchange, &parts, writer, limit: service.configuration.maximumBody)
    let request = WebhookRequest(
      headers: exchange.headers, body: body.bytes, remoteAddress: exchange.remoteAddress, receivedAt: exchange.receivedAt)
    switch await service.admission.admit(request, from: exchange.client.bucket, to: channel, requestID: exchange.requestID) {
    case .answer(let answer): return try await finish(HTTPAnswer(answer), &exchange, &parts, writer)
    case .refusal(let refusal): return try await finish(exchange.answer(refusal), &exchange, &parts, writer)
    }
  }

  private func route(_ exchange: inout Exchange, _ parts: inout Parts, _ writer: Writer) async throws -> Bool {
    let limit = service.configuration.maximumRouteBody
    if let length = HTTPRules.contentLength(exchange.headers), length > limit { throw Refusal.bodyTooLarge(limit: limit) }
    var body = BudgetedBody(budget: service.bodies)
    defer { body.release() }
    try await read(into: &body, &exchange, &parts, writer, limit: limit)
    let response = try await service.routes.respond(to: exchange, body: body.bytes)
    let closing = !exchange.head.isKeepAlive
    do {
      try await service.routes.write(
        response, for: exchange, date: service.dates.text(at: exchange.receivedAt), closing: closing, to: writer)
    } catch {
      // The answer has begun: whatever went wrong, there can be no second one.
      throw AbortedAnswerError(cause: error)
    }
    return !closing
  }

  /// Collects the body, exactly as it came. Throws a `Refusal` as soon as it exceeds `limit`, or all bodies together exceed theirs.
  private func read(
    into body: inout BudgetedBody, _ exchange: inout Exchange, _ parts: inout Parts, _ writer: Writer, limit: Int
  ) async throws {
    if exchange.expectsContinue {
      try await writer.write(.head(HTTPResponseHead(version: .http1_1, status: .continue)))
    }
    while let part = try await next(&parts) {
      switch part {
      case .body(let bytes):
        guard body.bytes.count + bytes.readableBytes <= limit else { throw Refusal.bodyTooLarge(limit: limit) }
        guard body.append(bytes.readableBytesView) else { throw Refusal.bodiesFull }
      case .end:
        exchange.isRead = true
        return
      case .head: throw BrokenRequestError(refusal: .malformedHTTP)
      }
    }
    throw BrokenRequestError(refusal: .malformedHTTP)
  }

  /// Writes a complete answer, after taking what is left of the request if that is little.
  private func finish(
    _ answer: HTTPAnswer, _ exchange: inout Exchange, _ parts: inout Parts, _ writer: Writer
  ) async throws -> Bool {
    if !exchange.isRead, exchange.restIsSmall {
      while let part = try await next(&parts) {
        if case .end = part {
          exchange.isRead = true
          break
        }
      }
    }
    let closing = !exchange.head.isKeepAlive || !exchange.isRead
    let head = answer.head(
      version: exchange.head.version, requestID: exchange.requestID, date: service.dates.text(at: exchange.receivedAt),
      closing: closing)
    if answer.body.isEmpty || exchange.head.method == .HEAD {
      try await writer.write(contentsOf: [.head(head), .end(nil)])
    } else {
      try await writer.write(contentsOf: [.head(head), .body(.byteBuffer(ByteBuffer(bytes: answer.body))), .end(nil)])
    }
    return !closing
  }
}
