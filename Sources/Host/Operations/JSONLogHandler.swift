package import Core
import Foundation
package import Logging
import Synchronization

/// Writes each log event as one JSON object on one line: `ts`, `level`, `msg`, `request_id` when there is one, then the
/// metadata with nested keys joined by `.`.
package struct JSONLogHandler: LogHandler {
  /// Added to every line of this handler; an event's own value for a key wins.
  package var metadata: Logger.Metadata = [:]
  /// Asked at every line; wins over `metadata`, loses against the event's own.
  package var metadataProvider: Logger.MetadataProvider?
  /// Events below it are never made.
  package var logLevel: Logger.Level
  private let clock: WallClock
  private let sink: LogSink

  /// A handler that writes to `sink`.
  package init(level: Logger.Level = .info, clock: WallClock = .system, sink: LogSink = .standardError) {
    self.logLevel = level
    self.clock = clock
    self.sink = sink
  }

  /// One value of `metadata`.
  package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  /// Writes one line, or drops it when the sink cannot take it at once; never waits.
  package func log(event: LogEvent) {
    var merged = metadata
    if let provided = metadataProvider?.get() { merged.merge(provided) { $1 } }
    if let own = event.metadata { merged.merge(own) { $1 } }
    if let error = event.error { merged["error"] = "\(error)" }
    var line = LogLine(time: clock.now(), level: event.level, message: event.message.description)
    if let id = merged.removeValue(forKey: "request_id") { line.append("request_id", id) }
    for (key, value) in merged.sorted(by: { $0.key < $1.key }) { line.append(key, value) }
    sink.write(line.finished())
  }
}

/// One line under construction. Bounded, so that a line is always one atomic write to a pipe.
struct LogLine {
  /// POSIX's least PIPE_BUF on Linux: writes up to it are never interleaved with those of other processes.
  static let maximumBytes = 4096
  static let maximumValueBytes = 1024
  private static let reserved: Set<String> = ["ts", "level", "msg"]
  private static let truncation = Array(",\"truncated\":true".utf8)

  private var bytes: [UInt8] = []
  private var isTruncated = false

  init(time: Timestamp, level: Logger.Level, message: String) {
    bytes.reserveCapacity(256)
    bytes.append(contentsOf: "{\"ts\":\"\(CivilTime(time).rfc3339)\",\"level\":\"\(level.rawValue)\",\"msg\":".utf8)
    bytes.append(contentsOf: Self.quoted(message).utf8)
  }

  mutating func append(_ key: String, _ value: Logger.MetadataValue) {
    switch value {
    case .dictionary(let members):
      for (inner, value) in members.sorted(by: { $0.key < $1.key }) { append("\(key).\(inner)", value) }
    default:
      let name = Self.reserved.contains(key) ? "meta.\(key)" : key
      let member = ",\(Self.quoted(name)):\(Self.text(of: value))".utf8
      // Room stays for the truncation mark, the brace and the line feed.
      if bytes.count + member.count + Self.truncation.count + 2 <= Self.maximumBytes {
        bytes.append(contentsOf: member)
      } else {
        isTruncated = true
      }
    }
  }

  consuming func finished() -> [UInt8] {
    if isTruncated { bytes.append(contentsOf: Self.truncation) }
    bytes.append(UInt8(ascii: "}"))
    bytes.append(UInt8(ascii: "\n"))
    return bytes
  }

  private static func text(of value: Logger.MetadataValue) -> String {
    switch value {
    case .string(let text): return quoted(text)
    case .stringConvertible(let number as Int): return String(number)
    case .stringConvertible(let flag as Bool): return String(flag)
    case .stringConvertible(let other): return quoted(other.description)
    case .array(let elements): return "[\(elements.map(text(of:)).joined(separator: ","))]"
    case .dictionary(let members):
      let pairs = members.sorted { $0.key < $1.key }.map { "\(quoted($0.key)):\(text(of: $0.value))" }
      return "{\(pairs.joined(separator: ","))}"
    @unknown default: return quoted("\(value)")
    }
  }

  private static func quoted(_ text: String) -> String {
    guard text.utf8.count > maximumValueBytes else { return JSON.string(text).canonical }
    return JSON.string(String(text.unicodeScalars.prefix(maximumValueBytes / 4)) + "…").canonical
  }
}

/// Where log lines go: a file descriptor that is written with one `write(2)` a line.
///
/// A reader that stopped reading must not stop the service: when the descriptor cannot take a line at once, the line is
/// dropped and counted, and the next line that gets through says how many are missing.
package final class LogSink: Sendable {
  /// The process's standard error.
  package static let standardError = LogSink(descriptor: 2)

  private let descriptor: Int32
  private let dropped = Mutex(0)

  /// Writes to `descriptor`, which stays the caller's to close.
  package init(descriptor: Int32) {
    self.descriptor = descriptor
  }

  func write(_ line: [UInt8]) {
    dropped.withLock { dropped in
      guard canTakeLine() else {
        dropped += 1
        return
      }
      if dropped > 0 {
        put(
          Array("{\"ts\":\"\(CivilTime(WallClock.system.now()).rfc3339)\",\"level\":\"warning\",".utf8)
            + Array("\"msg\":\"log lines dropped\",\"count\":\(dropped)}\n".utf8))
        dropped = 0
        guard canTakeLine() else {
          dropped += 1
          return
        }
      }
      put(line)
    }
  }

  /// A pipe is writable when at least PIPE_BUF bytes fit, which is the longest line: the write then does not wait.
  private func canTakeLine() -> Bool {
    var request = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
    return poll(&request, 1, 0) == 1 && request.revents & Int16(POLLOUT) != 0
  }

  private func put(_ line: [UInt8]) {
    // Nothing sensible can be done about a failing standard error.
    _ = Foundation.write(descriptor, line, line.count)
  }
}
