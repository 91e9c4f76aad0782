import Core
import Gateway
import NIOCore
import Operations
import TestSupport
import Testing

@Suite("Webhooks", .timeLimit(.minutes(5)))
struct WebhookTests {
  @Test("An event is acknowledged with the channel's answer after it is in the journal, under the answer's request id")
  func accepts() async throws {
    try await LiveServer.run { server async throws in
      let answer = try #require(try await RawClient.ask(server.port, Request.post(Request.event("one"))))
      #expect(answer.status == 200)
      #expect(answer.body == "{\"op\":12}")
      #expect(answer.headers["content-type"] == "application/json")
      #expect(server.journal.events.map(\.requestID.description) == [answer.headers["x-request-id"]])
      #expect(server.counters.value(of: .events, "main", "accepted") == 1)
    }
  }

  @Test("A duplicate gets the ordinary acknowledgement and is stored once")
  func duplicate() async throws {
    try await LiveServer.run { server async throws in
      for _ in 0..<3 {
        #expect(try await RawClient.ask(server.port, Request.post(Request.event("one")))?.status == 200)
      }
      #expect(server.journal.messageIDs == ["one"])
      #expect(server.counters.value(of: .events, "main", "duplicate") == 2)
    }
  }

  @Test("Control documents are answered by the channel, ignored ones acknowledged; neither reaches the journal")
  func controlAndIgnored() async throws {
    try await LiveServer.run { server async throws in
      #expect(try await RawClient.ask(server.port, Request.post("{\"type\":\"control\"}"))?.body == "{\"op\":13}")
      #expect(try await RawClient.ask(server.port, Request.post("{\"type\":\"heartbeat\"}"))?.body == "{\"op\":12}")
      #expect(try await RawClient.ask(server.port, Request.post("{\"type\":\"unknown\"}"))?.body == "{\"op\":12}")
      #expect(server.journal.events.isEmpty)
      #expect(server.counters.value(of: .ignoredEvents, "main", "other") == 1)
    }
  }

  @Test(
    "The channel sees exactly the bytes that were sent, however they were framed",
    arguments: [
      "Content-Length: 42", "Transfer-Encoding: chunked", "Transfer-Encoding: CHUNKED",
    ])
  func rawBytes(framing: String) async throws {
    let body = "{ \"type\":\"event\",\r\n\t\"id\" : \"raw \u{1F600}\"    }"
    #expect(body.utf8.count == 42)
    try await LiveServer.run { server async throws in
      var bytes = Request.head([
        "POST /qq/webhook/main?x=1 HTTP/1.1", "Host: localhost", "X-Token: echo-length", "X-Length: 42",
        "Content-Type: Application/JSON ; charset=UTF-8", framing,
      ])
      if framing.hasPrefix("Transfer") {
        for byte in body.utf8 { bytes += Array("1\r\n".utf8) + [byte] + Array("\r\n".utf8) }
        bytes += Array("0\r\n\r\n".utf8)
      } else {
        bytes += Array(body.utf8)
      }
      #expect(try await RawClient.ask(server.port, bytes)?.status == 200)
      #expect(server.journal.messageIDs == ["raw \u{1F600}"])
    }
  }

  @Test("Many requests on one connection are answered in order, pipelined or not")
  func pipelining() async throws {
    try await LiveServer.run { server async throws in
      try await RawClient.connect(to: server.port) { client async throws in
        await client.send((0..<5).flatMap { Request.post(Request.event("e\($0)")) })
        for _ in 0..<5 { #expect(try await client.readResponse()?.status == 200) }
        await client.send(Request.post(to: "/nothing", "{}"))
        #expect(try await client.readResponse()?.status == 404)
        await client.send(Request.post(Request.event("last")))
        #expect(try await client.readResponse()?.status == 200)
      }
      #expect(server.journal.messageIDs == ["e0", "e1", "e2", "e3", "e4", "last"])
    }
  }

  @Test("An acknowledgement without body is a bare 204, and the connection goes on")
  func emptyAcknowledgement() async throws {
    try await LiveServer.run { server async throws in
      try await RawClient.connect(to: server.port) { client async throws in
        for id in ["a", "b"] {
          await client.send(Request.post(to: "/onebot/v11/sockets", Request.event(id)))
          let answer = try #require(try await client.readResponse())
          #expect(answer.status == 204)
          #expect(answer.headers["content-length"] == nil)
          #expect(answer.headers["content-type"] == nil)
        }
      }
      #expect(server.journal.messageIDs == ["a", "b"])
    }
  }

  @Test(
    "A channel is found with a slash at the end and by an absolute target",
    arguments: ["/qq/webhook/main/", "http://localhost/qq/webhook/main", "/qq/webhook/main?a=b"])
  func targets(target: String) async throws {
    try await LiveServer.run { server async throws in
      #expect(try await RawClient.ask(server.port, Request.post(to: target, Request.event("a")))?.status == 200)
    }
  }

  @Test("A client that waits for 100 Continue gets it, unless the request is refused at its head")
  func expectContinue() async throws {
    try await LiveServer.run { server async throws in
      let body = Request.event("patient")
      let head = [
        "POST /qq/webhook/main HTTP/1.1", "Host: localhost", "X-Token: good", "Content-Type: application/json",
        "Expect: 100-continue",
      ]
      try await RawClient.connect(to: server.port) { client async throws in
        await client.send(Request.head(head + ["Content-Length: \(body.utf8.count)"]))
        #expect(try await client.readResponse()?.status == 100)
        await client.send(body)
        #expect(try await client.readResponse()?.status == 200)
      }
      #expect(try await RawClient.ask(server.port, Request.head(head + ["Content-Length: 70000"]))?.status == 413)
    }
  }

  @Test("HTTP/1.0 and Connection: close end the connection after the answer", arguments: ["1.0", "1.1"])
  func closes(version: String) async throws {
    try await LiveServer.run { server async throws in
      try await RawClient.connect(to: server.port) { client async throws in
        await client.send(
          Request.head(["GET /healthz HTTP/\(version)", "Host: a", version == "1.1" ? "Connection: close" : "X-A: b"]))
        let answer = try #require(try await client.readResponse())
        #expect(answer.status == 200)
        #expect(answer.headers["connection"] == "close")
        #expect(await client.isAtEnd())
      }
    }
  }

  @Test("A request with an Upgrade header that nobody takes gets an ordinary answer and ends its connection")
  func foreignUpgrade() async throws {
    try await LiveServer.run { server async throws in
      let headers = ["Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQAAP__"]
      try await RawClient.connect(to: server.port) { client async throws in
        await client.send(Request.post(headers: headers, Request.event("upgraded")))
        let answer = try #require(try await client.readResponse())
        #expect(answer.status == 200)
        #expect(answer.headers["connection"] == "close")
        #expect(await client.isAtEnd())
      }
      #expect(server.journal.messageIDs == ["upgraded"])
      let webSocket = ["Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13"]
      #expect(try await RawClient.ask(server.port, Request.get("/healthz", headers: webSocket))?.status == 200)
      #expect(try await RawClient.ask(server.port, Request.get("/nothing", headers: webSocket))?.status == 404)
    }
  }

  @Test(
    "A full or broken journal is 503 with Retry-After, and the same event is taken later",
    arguments: [
      (JournalError.Code.full, "queue_full"), (.unavailable, "journal_unavailable"),
    ])
  func journalFails(code: JournalError.Code, text: String) async throws {
    try await LiveServer.run { server async throws in
      server.journal.fail(code, times: 1)
      let refused = try #require(try await RawClient.ask(server.port, Request.post(Request.event("one"))))
      #expect(refused.status == 503)
      #expect(refused.headers["retry-after"] != nil)
      #expect(try JSON(parsing: refused.body)["error"]?["code"]?.string == text)
      #expect(try await RawClient.ask(server.port, Request.post(Request.event("one")))?.status == 200)
      #expect(server.journal.messageIDs == ["one"])
    }
  }

  @Test("Too many messages of one sender or in one group are 429 with Retry-After; others are not held up")
  func rates() async throws {
    let limits = AdmissionLimits(
      sender: RateLimit(perMinute: 1, burst: 2), group: RateLimit(perMinute: 1, burst: 3))
    try await LiveServer.run(limits: limits) { server async throws in
      func status(_ id: String, sender: String, group: String? = nil) async throws -> (Int?, String?) {
        let answer = try await RawClient.ask(server.port, Request.post(Request.event(id, sender: sender, group: group)))
        if let seconds = answer?.headers["retry-after"] { #expect((1...60).contains(Int(seconds) ?? 0)) }
        return (answer?.status, try answer.map { try JSON(parsing: $0.body)["error"]?["code"]?.string } ?? nil)
      }
      #expect(try await status("a1", sender: "a").0 == 200)
      #expect(try await status("a2", sender: "a").0 == 200)
      #expect(try await status("a3", sender: "a") == (429, "rate_limited_sender"))
      for sender in ["b", "c", "d"] {
        #expect(try await status("g\(sender)", sender: sender, group: "g").0 == 200)
      }
      #expect(try await status("ge", sender: "e", group: "g") == (429, "rate_limited_group"))
      #expect(try await status("h", sender: "e", group: "h").0 == 200)
      #expect(server.journal.messageIDs == ["a1", "a2", "gb", "gc", "gd", "h"])
    }
  }

  @Test("A body that does not come in time is 408")
  func slowBody() async throws {
    try await LiveServer.run(configure: { $0.bodyTimeout = .milliseconds(50) }) { server async throws in
      let head = Request.head([
        "POST /qq/webhook/main HTTP/1.1", "Host: localhost", "X-Token: good", "Content-Type: application/json",
        "Content-Length: 10",
      ])
      let answer = try #require(try await RawClient.ask(server.port, head + Array("{".utf8)))
      #expect(answer.status == 408)
      #expect(try JSON(parsing: answer.body)["error"]?["code"]?.string == "request_timeout")
    }
  }

  @Test("A connection without a complete head is closed after the idle time", arguments: ["", "POST /qq/web"])
  func idle(start: String) async throws {
    try await LiveServer.run(configure: { $0.idleTimeout = .seconds(3) }) { server async throws in
      try await RawClient.connect(to: server.port) { client async throws in
        await client.send(start)
        _ = await client.isAtEnd()
      }
      try await RawClient.connect(to: server.port) { client async throws in
        await client.send(Request.get("/healthz"))
        #expect(try await client.readResponse()?.status == 200)
        #expect(await client.isAtEnd())
      }
    }
  }

  @Test("Connections past the limit wait and are served when one ends")
  func connectionLimit() async throws {
    try await LiveServer.run(configure: { $0.maximumConnections = 1 }) { server async throws in
      try await RawClient.connect(to: server.port) { first async throws in
        await first.send(Request.get("/healthz"))
        #expect(try await first.readResponse()?.status == 200)
      }
      for _ in 0..<3 { #expect(try await RawClient.ask(server.port, Request.get("/healthz"))?.status == 200) }
    }
  }
}

@Suite("Built-in and other routes", .timeLimit(.minutes(5)))
struct RouteTests {
  @Test("Alive is always 200; ready names the failing part")
  func health() async throws {
    try await LiveServer.run { server async throws in
      #expect(try await RawClient.ask(server.port, Request.get("/healthz"))?.status == 200)
      #expect(try await RawClient.ask(server.port, Request.get("/readyz"))?.status == 200)
      server.health.report("store", .failing("disk full"))
      #expect(try await RawClient.ask(server.port, Request.get("/healthz"))?.status == 200)
      let answer = try #require(try await RawClient.ask(server.port, Request.get("/readyz")))
      #expect(answer.status == 503)
      let body = try JSON(parsing: answer.body)
      #expect(body["error"]?["code"]?.string == "not_ready")
      #expect(body["error"]?["message"]?.string == "store: disk full")
      #expect(body["parts"] == ["server": "ok", "store": "disk full"])
      #expect(body["error"]?["request_id"]?.string == answer.headers["x-request-id"])
      server.health.report("store", .ok)
      #expect(try await RawClient.ask(server.port, Request.get("/readyz"))?.status == 200)
    }
  }

  @Test("HEAD is GET without a body")
  func head() async throws {
    try await LiveServer.run { server async throws in
      try await RawClient.connect(to: server.port) { client async throws in
        await client.send(Request.head(["HEAD /healthz HTTP/1.1", "Host: a"]))
        #expect(try await client.readResponse(toHead: true)?.headers["content-length"] == "18")
        await client.send(Request.get("/healthz"))
        #expect(try await client.readResponse()?.body == "{\"status\":\"alive\"}")
      }
    }
  }

  @Test("Metrics are Prometheus text for clients on this machine")
  func metrics() async throws {
    try await LiveServer.run { server async throws in
      _ = try await RawClient.ask(server.port, Request.post(Request.event("one")))
      let answer = try #require(try await RawClient.ask(server.port, Request.get("/metrics")))
      #expect(answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8")
      #expect(answer.body.contains("# TYPE openclaw_events_total counter\n"))
      #expect(answer.body.contains("openclaw_events_total{channel=\"main\",outcome=\"accepted\"} 1\n"))
      #expect(answer.body.contains("openclaw_open_sockets 0\n"))
    }
  }

  @Test("Routes of other rooms answer with the request id, may refuse in the common form, and may admit events")
  func extraRoutes() async throws {
    try await LiveServer.run { server async throws in
      let hello = try #require(try await RawClient.ask(server.port, Request.get("/extra/you")))
      #expect(hello.status == 200)
      #expect(hello.body == "hello you")
      #expect(hello.headers["x-request-id"].flatMap { RequestID($0) } != nil)
      let refused = try #require(try await RawClient.ask(server.port, Request.get("/extra-refused")))
      #expect(refused.status == 403)
      #expect(try JSON(parsing: refused.body)["error"]?["message"]?.string == "Local: true.")
      let event = try #require(try await RawClient.ask(server.port, Request.post(to: "/extra-event", Request.event("e"))))
      #expect(event.body == "{\"op\":12}")
      #expect(server.journal.events.map(\.requestID.description) == [event.headers["x-request-id"]])
      #expect(try await RawClient.ask(server.port, Request.get("/extra"))?.status == 404)

      server.journal.fail(.full, times: 1)
      let full = try #require(try await RawClient.ask(server.port, Request.post(to: "/extra-event", Request.event("f"))))
      #expect(full.status == 503)
      #expect(full.headers["retry-after"] == "1")
      #expect(try JSON(parsing: full.body)["error"]?["request_id"]?.string == full.headers["x-request-id"])
      #expect(server.counters.value(of: .refusals, "extra", "queue_full") == 1)
      #expect(server.counters.value(of: .refusals, "-", "queue_full") == 0)
      #expect(server.counters.value(of: .refusals, "-", "made_up") == 1)
    }
  }
}

@Suite("Shutdown", .timeLimit(.minutes(5)))
struct ShutdownTests {
  @Test("A request in flight is finished, then the connection closes and the server ends")
  func finishesRequests() async throws {
    try await LiveServer.run { server async throws in
      server.journal.hold()
      try await RawClient.connect(to: server.port) { idle async throws in
        await idle.send(Request.get("/healthz"))
        #expect(try await idle.readResponse()?.status == 200)
        try await RawClient.connect(to: server.port) { client async throws in
          await client.send(Request.post(Request.event("in flight")))
          var arrivals = server.journal.arrivals.makeAsyncIterator()
          _ = await arrivals.next()
          await server.beginShutdown()
          #expect(await idle.isAtEnd())
          await client.send(Request.post(Request.event("too late")))
          server.journal.release()
          let answer = try #require(try await client.readResponse())
          #expect(answer.status == 200)
          #expect(answer.headers["connection"] == "close")
          // Whether the second request was still read is a matter of luck; if it was, it was not taken.
          if let late = try await client.readResponse() {
            #expect(late.status == 503)
            #expect(try JSON(parsing: late.body)["error"]?["code"]?.string == "draining")
          }
        }
      }
      #expect(server.journal.messageIDs == ["in flight"])
      #expect(server.health.failures.map(\.reason) == ["draining"])
    }
  }

  @Test("A silent connection does not hold the shutdown up")
  func silentConnection() async throws {
    try await LiveServer.run { server async throws in
      try await RawClient.connect(to: server.port) { silent async throws in
        // An answer on a later connection shows that the silent one has been accepted.
        #expect(try await RawClient.ask(server.port, Request.get("/healthz"))?.status == 200)
        await server.beginShutdown()
        #expect(await silent.isAtEnd())
      }
    }
  }
}
