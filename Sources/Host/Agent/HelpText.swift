import Approvals
import Core

/// What `/help` and `/tools` answer.
enum HelpText {
  static let builtIn = [
    "/help [tool]: this text, or how to call a tool",
    "/tools: what the robot can do here",
    "/pending: write calls that wait",
    "/show CODE [page]: everything about one of them",
    "/approve CODE, /deny CODE: decide it; some cards ask for the last four of their digest after the code",
    "/resolve CODE done|failed|retry: after an unknown outcome",
    "/enroll CODE: this account is the person for whom the operator made the code",
    "/recall: take back my last message, or the one you quote (admins)",
    "/status: how the robot is",
    "/mode [NAME]: what it may do at present; admins set it",
  ]

  static func general(tools: [Tool]) -> String {
    (["Call a tool as /name arguments, for example /tickets.create title=\"two words\" priority=2."] + builtIn
      + ["\(tools.count) tools are loaded; /tools lists them."]).joined(separator: "\n")
  }

  static func list(_ tools: [Tool]) -> String {
    guard !tools.isEmpty else { return "No tools are loaded." }
    return tools.map { "/\($0.name) · \($0.effect.rawValue) · \(ShownText.escape($0.summary))" }.joined(separator: "\n")
  }

  static func usage(of tool: Tool) -> String {
    var lines = ["\(tool.name) · \(tool.effect.rawValue) · \(ShownText.escape(tool.summary))", CommandArguments.usage(of: tool)]
    lines += tool.parameters.map { parameter in
      let need = parameter.required ? "" : ", optional"
      return "  \(parameter.name): \(parameter.kind.rawValue)\(need)"
        + (parameter.summary.map { " · \(ShownText.escape($0))" } ?? "")
    }
    return lines.joined(separator: "\n")
  }
}
