import Approvals
import ArgumentParser
import Audit
import Core
import Policy
import Storage

/// `openclaw approvals`
struct ApprovalsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "approvals", abstract: "Look at write calls that wait for approval, and decide them at this machine.",
    discussion: """
      Admins decide in chat. What is too long to be read there, more than \(ShownArguments.mostPages) pages of arguments, is approved \
      here. All of it works while the service runs and while it does not.
      """,
    subcommands: [List.self, Show.self, Approve.self, Deny.self])

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "List what waits, runs, or has an unknown outcome, the oldest first.")

    @OptionGroup var options: ConfigurationOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
      let configuration = try options.load()
      try await output.report {
        let calls = try await ExistingStore.open(configuration).read { transaction in
          try [WriteCall.State.pending, .approved, .claimed, .unknown].flatMap { try transaction.writeCalls(in: $0) }
        }
        let text = calls.isEmpty ? "Nothing waits." : calls.map(ApprovalCard.summary).joined(separator: "\n")
        return .init(text: text, fields: ["calls": .array(calls.map { .object(ApprovalsDesk.fields($0)) })])
      }
    }
  }

  struct Show: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Show one write call with all of its arguments.")

    @Argument(help: ArgumentHelp("What is on its card.", valueName: "code"))
    var code: String

    @OptionGroup var options: ConfigurationOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
      let configuration = try options.load()
      let code = try ApprovalsDesk.parsed(code)
      try await output.report {
        let found = try await ExistingStore.open(configuration).read { transaction in
          try transaction.writeCall(code: code).map { ($0, try transaction.votes(on: $0)) }
        }
        guard let (call, votes) = found else { throw ApprovalsDesk.unknown(code) }
        let pages = 1...ShownArguments(of: call).pages.count
        let text = pages.compactMap { ApprovalCard.details(of: call, votes: votes, page: $0) }.joined(separator: "\n")
        return .init(text: text, fields: ApprovalsDesk.fields(call).merging(["arguments": call.arguments]) { $1 })
      }
    }
  }

  struct Approve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Approve a write call.",
      discussion: """
        It stands for every gate of the call. A running service starts the call within half a minute, if rules, mode and build still \
        permit it.
        """)

    @Argument(help: ArgumentHelp("What is on its card.", valueName: "code"))
    var code: String

    @OptionGroup var options: ConfigurationOptions
    @OptionGroup var output: OutputOptions

    func run() async throws { try await ApprovalsDesk.decide(.approve, code, options, output) }
  }

  struct Deny: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Deny a write call.")

    @Argument(help: ArgumentHelp("What is on its card.", valueName: "code"))
    var code: String

    @OptionGroup var options: ConfigurationOptions
    @OptionGroup var output: OutputOptions

    func run() async throws { try await ApprovalsDesk.decide(.deny, code, options, output) }
  }
}

/// What the verbs about approvals have in common.
private enum ApprovalsDesk {
  static func parsed(_ text: String) throws -> String {
    guard let code = ApprovalCode.parse(text) else { throw ValidationError("A code has eight letters and digits.") }
    return code
  }

  static func unknown(_ code: String) -> CommandFailure {
    CommandFailure(.notSo, code: "unknown_code", "there is no write call \(code); openclaw approvals list shows those that wait")
  }

  static func fields(_ call: WriteCall) -> [String: JSON] {
    [
      "code": .string(call.code), "tool": .string(call.tool), "state": .string(call.state.rawValue),
      "requester": .string(call.requester), "chat": .string(call.conversation.description), "digest": .string(call.digest),
      "expires_at": .string(call.expiresAt.iso8601),
    ]
  }

  static func decide(
    _ verb: Vote.Verb, _ text: String, _ options: ConfigurationOptions, _ output: OutputOptions
  ) async throws {
    let configuration = try options.load()
    let code = try parsed(text)
    try await output.report {
      let store = try ExistingStore.open(configuration)
      // It asks for no rule and runs no tool: the service does, before the run.
      let approvals = Approvals(policy: PolicyEngine(), audit: try AuditDesk.trail(of: configuration), toolbox: NoTools())
      let outcome = try await store.write { try approvals.decideAtConsole(verb, code: code, in: $0) }
      try store.close()
      switch outcome {
      case .unknownCode: throw unknown(code)
      case .decidedBefore(let call):
        throw CommandFailure(.notSo, code: "not_pending", "\(code) does not wait any more: it is \(call.state.rawValue)")
      case .decided(let call): return .init(text: "\(code) is \(call.state.rawValue).", fields: fields(call))
      }
    }
  }
}

private struct NoTools: Toolbox {
  var tools: [Tool] { [] }
  func tool(named name: String) -> Tool? { nil }
  func validate(_ arguments: JSON, for tool: Tool) throws(ToolError) { throw ToolError(.gone, "no tool is loaded here") }
  func call(_ call: ToolCall) async throws(ToolError) -> JSON { throw ToolError(.gone, "no tool is loaded here") }
  func status() -> [SkillStatus] { [] }
}
