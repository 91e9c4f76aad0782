package import Core
import Crypto
package import Logging

/// One line a tool call, when `--log-tool-calls true` asked for it. Arguments appear as a digest only.
package struct ToolCallLog: Sendable {
  private let logger: Logger
  private let isEnabled: Bool

  package init(logger: Logger, isEnabled: Bool) {
    self.logger = logger
    self.isEnabled = isEnabled
  }

  /// - Parameters:
  ///   - decision: `allow`, `gate` or `deny`.
  ///   - approval: the code of the approval that a write ran under.
  ///   - status: `ok`, or the code of the error; for a call that did not run, why.
  package func record(
    _ call: ToolCall, decision: String, rules: [String] = [], approval: String? = nil, duration: Duration? = nil, status: String
  ) {
    guard isEnabled else { return }
    let digest = SHA256.hash(data: call.arguments.canonicalBytes).prefix(8).hexadecimal
    var metadata: Logger.Metadata = [
      "request_id": "\(call.requestID)", "tool": "\(call.tool.name)", "skill": "\(call.tool.skill)",
      "build": "\(call.tool.build)", "effect": "\(call.tool.effect.rawValue)", "decision": "\(decision)", "status": "\(status)",
      "args_digest": "\(digest)",
    ]
    if !rules.isEmpty { metadata["rules"] = .array(rules.map { "\($0)" }) }
    if let approval { metadata["approval"] = "\(approval)" }
    if let duration { metadata["duration_us"] = "\(Int64(duration / .microseconds(1)))" }
    logger.info("tool_call", metadata: metadata)
  }
}
