import Core
import Foundation
import Logging
import Testing

@testable import Operations

@Suite("Counters and health")
struct CounterTests {
  static let family = MetricFamily("test_total", help: "Back\\slash and\nline.", labels: ["a", "b"])

  @Test("Counters add up by label values and print as Prometheus text, sorted and escaped")
  func exposition() {
    let counters = Counters()
    counters.add(to: Self.family, "z", "1")
    counters.add(5, to: Self.family, "q\"uote\\", "new\nline")
    counters.add(to: Self.family, "z", "1")
    counters.add(to: MetricFamily("bare_total", help: "No labels."))
    counters.gauge(MetricFamily("depth", help: "Depth.")) { -3 }
    #expect(counters.value(of: Self.family, "z", "1") == 2)
    #expect(counters.value(of: Self.family, "never", "1") == 0)
    #expect(
      counters.exposition() == """
        # HELP bare_total No labels.
        # TYPE bare_total counter
        bare_total 1
        # HELP depth Depth.
        # TYPE depth gauge
        depth -3
        # HELP test_total Back\\\\slash and\\nline.
        # TYPE test_total counter
        test_total{a="q\\"uote\\\\",b="new\\nline"} 5
        test_total{a="z",b="1"} 2

        """)
  }

  @Test("A family never holds more series than allowed: the rest is counted as other")
  func bounded() {
    let counters = Counters()
    for index in 0..<1000 { counters.add(to: Self.family, "\(index)", "x") }
    let overflow = UInt64(1000 - Counters.maximumSeries)
    #expect(counters.value(of: Self.family, "other", "other") == overflow)
    #expect(counters.value(of: Self.family, "0", "x") == 1)
    counters.add(to: Self.family, "0", "x")
    #expect(counters.value(of: Self.family, "0", "x") == 2)
  }

  @Test("A part fails until it reports, and is named with its reason")
  func health() {
    let health = Health(awaiting: ["store", "server"])
    #expect(health.failures.map(\.part) == ["server", "store"])
    health.report("server", .ok)
    health.report("store", .failing("disk full"))
    #expect(health.failures.map(\.reason) == ["disk full"])
    #expect(health.summary == ["server": "ok", "store": "disk full"])
    health.report("store", .ok)
    #expect(health.failures.isEmpty)
  }
}

@Suite("Log lines")
struct JSONLogHandlerTests {
  /// A pipe whose reading end can be drained without waiting.
  final class Pipe {
    let reader: Int32
    let writer: Int32

    init() throws {
      var ends: [Int32] = [0, 0]
      try #require(pipe(&ends) == 0)
      (reader, writer) = (ends[0], ends[1])
      _ = fcntl(reader, F_SETFL, O_NONBLOCK)
    }

    deinit {
      close(reader)
      close(writer)
    }

    func lines() throws -> [JSON] {
      var bytes: [UInt8] = []
      var chunk = [UInt8](repeating: 0, count: 65_536)
      while true {
        let count = read(reader, &chunk, chunk.count)
        guard count > 0 else { break }
        bytes += chunk[..<count]
      }
      #expect(bytes.isEmpty || bytes.last == UInt8(ascii: "\n"))
      return try bytes.split(separator: UInt8(ascii: "\n")).map { try JSON(parsing: $0) }
    }

    func logger(_ level: Logger.Level = .info) -> Logger {
      let time = Timestamp(milliseconds: 1_795_465_704_123)
      return Logger(label: "test") { [writer] _ in
        JSONLogHandler(level: level, clock: WallClock { time }, sink: LogSink(descriptor: writer))
      }
    }
  }

  @Test("A line is one object: time, level, message, request id, then the metadata, flattened and escaped")
  func line() throws {
    let pipe = try Pipe()
    var logger = pipe.logger()
    logger[metadataKey: "channel"] = "main"
    logger.debug("not written")
    logger.warning(
      "something \"odd\"\nhappened",
      metadata: [
        "request_id": "r-1", "count": .stringConvertible(3), "ok": .stringConvertible(true), "ts": "mine",
        "nested": ["a": "1", "b": ["c": "\u{1}"]], "list": ["x", "y"],
      ])
    #expect(
      try pipe.lines() == [
        [
          "ts": "2026-11-23T20:28:24.123Z", "level": "warning", "msg": "something \"odd\"\nhappened", "request_id": "r-1",
          "channel": "main", "count": 3, "ok": true, "meta.ts": "mine", "nested.a": "1", "nested.b.c": "\u{1}",
          "list": ["x", "y"],
        ]
      ])
  }

  @Test("The keys that people read come first")
  func order() throws {
    var line = LogLine(time: Timestamp(milliseconds: 0), level: .info, message: "m")
    line.append("request_id", "r")
    line.append("a", "b")
    #expect(
      String(decoding: line.finished(), as: UTF8.self)
        == "{\"ts\":\"1970-01-01T00:00:00.000Z\",\"level\":\"info\",\"msg\":\"m\",\"request_id\":\"r\",\"a\":\"b\"}\n")
  }

  @Test("A line never exceeds what a pipe takes at once")
  func bounded() throws {
    let pipe = try Pipe()
    let long = String(repeating: "\u{1F600}", count: 10_000)
    var metadata: Logger.Metadata = [:]
    for index in 0..<50 { metadata["key\(index)"] = "\(long)" }
    pipe.logger().error("\(long)", metadata: metadata)
    let lines = try pipe.lines()
    #expect(lines.count == 1)
    #expect(lines[0]["truncated"] == true)
    #expect(lines[0].canonical.utf8.count <= LogLine.maximumBytes)
  }

  @Test("A reader that stops reading loses lines and is told how many; the writer never waits")
  func stuckReader() throws {
    let pipe = try Pipe()
    let logger = pipe.logger()
    for index in 0..<2000 {
      logger.info("filler", metadata: ["index": .stringConvertible(index), "text": "\(String(repeating: "a", count: 200))"])
    }
    let first = try pipe.lines()
    #expect(first.count < 2000)
    logger.info("after")
    let second = try pipe.lines()
    #expect(second.map { $0["msg"]?.string } == ["log lines dropped", "after"])
    #expect(second[0]["count"]?.integer == Int64(2000 - first.count))
  }

  @Test(
    "Times are printed as the calendar says",
    arguments: [
      (0, "1970-01-01T00:00:00.000Z", "Thu, 01 Jan 1970 00:00:00 GMT"),
      (951_782_399_999, "2000-02-28T23:59:59.999Z", "Mon, 28 Feb 2000 23:59:59 GMT"),
      (951_827_696_000, "2000-02-29T12:34:56.000Z", "Tue, 29 Feb 2000 12:34:56 GMT"),
      (4_107_542_400_000, "2100-03-01T00:00:00.000Z", "Mon, 01 Mar 2100 00:00:00 GMT"),
      (784_111_777_000, "1994-11-06T08:49:37.000Z", "Sun, 06 Nov 1994 08:49:37 GMT"),
      (-1, "1969-12-31T23:59:59.999Z", "Wed, 31 Dec 1969 23:59:59 GMT"),
    ] as [(Int64, String, String)])
  func civilTime(milliseconds: Int64, rfc3339: String, httpDate: String) {
    let time = CivilTime(Timestamp(milliseconds: milliseconds))
    #expect(time.rfc3339 == rfc3339)
    #expect(time.httpDate == httpDate)
  }

  @Test("Every day of four centuries follows the one before")
  func everyDay() {
    var previous = CivilTime(Timestamp(seconds: -86_400))
    for day in 0..<146_097 {
      let today = CivilTime(Timestamp(seconds: Int64(day) * 86_400))
      #expect(today.weekday == (previous.weekday + 1) % 7)
      let isNext =
        (today.year, today.month, today.day) == (previous.year, previous.month, previous.day + 1)
        || (today.day == 1 && previous.day >= 28
          && (today.month == previous.month + 1 || (today.month == 1 && previous.month == 12 && today.year == previous.year + 1)))
      #expect(isNext)
      previous = today
    }
    #expect((previous.year, previous.month, previous.day) == (2369, 12, 31))
  }
}
