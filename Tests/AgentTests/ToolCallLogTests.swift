import Core
import Logging
import Synchronization
import Testing

@testable import Agent

@Suite("The line of a tool call")
struct ToolCallLogTests {
  private let lines = Lines()

  private final class Lines: Sendable {
    let all = Mutex<[(message: String, metadata: Logger.Metadata)]>([])
  }

  private struct Recorder: LogHandler {
    let lines: Lines
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.trace
    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
      get { metadata[key] }
      set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
      let line = (message: "\(event.message)", metadata: event.metadata ?? [:])
      lines.all.withLock { $0.append(line) }
    }
  }

  private func record(isEnabled: Bool) -> [(message: String, metadata: Logger.Metadata)] {
    let logger = Logger(label: "test") { _ in Recorder(lines: lines) }
    let tool = Tool(name: "note", skill: "org.example", build: "abc", summary: "", effect: .write, parameters: [], rest: nil)
    let call = ToolCall(
      tool: tool, arguments: ["pin": "hunter2", "text": "milk"], requestID: RequestID(), requester: "playground:alice",
      idempotencyKey: "idem-77")
    ToolCallLog(logger: logger, isEnabled: isEnabled).record(
      call, decision: "allow", rules: ["a", "b"], approval: "K3M97QXW", duration: .milliseconds(3), status: "ok")
    return lines.all.withLock(\.self)
  }

  @Test("names the call, the build, what decided it, under which approval, how long it took and what came of it")
  func fields() throws {
    let lines = record(isEnabled: true)
    #expect(lines.map(\.message) == ["tool_call"])
    let fields = try #require(lines.first).metadata
    #expect(
      Set(fields.keys) == [
        "request_id", "tool", "skill", "build", "effect", "decision", "rules", "approval", "duration_us", "status", "args_digest",
      ])
    #expect(fields["build"] == "abc" && fields["approval"] == "K3M97QXW" && fields["duration_us"] == "3000")
    #expect(fields["rules"] == .array(["a", "b"]))
  }

  @Test("holds no argument, and nobody's identity")
  func secrets() {
    let line = "\(record(isEnabled: true))"
    for word in ["hunter2", "milk", "pin", "alice", "idem-77"] { #expect(!line.contains(word), "\(word)") }
  }

  @Test("is not written unless it was asked for")
  func disabled() {
    #expect(record(isEnabled: false).isEmpty)
  }
}
