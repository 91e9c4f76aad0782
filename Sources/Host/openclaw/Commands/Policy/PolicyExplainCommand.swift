import ArgumentParser
import Core
import Foundation
import Policy

/// `openclaw policy explain`
struct PolicyExplainCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "explain",
    abstract: "Say what would come of a call, and by which rule and condition.",
    discussion: """
      The call is hypothetical: no gate is opened and nothing runs. A tool that is not in the plug-in folder takes --skill and \
      --effect. Values of the call are not printed.
      """)

  @Option(help: ArgumentHelp("Who calls: an id as the platform gives it, or a person of roles.yaml.", valueName: "id"))
  var user: String

  @Option(help: "The tool's name.")
  var tool: String

  @Option(help: ArgumentHelp("The arguments.", valueName: "json"))
  var args = "{}"

  @Option(help: ArgumentHelp("Where: group:<id>, private:<id>, guild:<id>, guild-private:<id>.", valueName: "scene"))
  var scene = "private:anywhere"

  @Option(help: "The channel's name.")
  var channel = "playground"

  @Option(help: ArgumentHelp("The skill of a tool that is not there.", valueName: "id"))
  var skill: String?

  @Option(help: ArgumentHelp("The effect of a tool that is not there: read or write.", valueName: "effect"))
  var effect: Effect?

  @Option(help: "normal, read_only, explain_only or lockdown.")
  var mode: Mode = .normal

  @Option(help: ArgumentHelp("When, in UTC; now if left out.", valueName: "\"Mon 12:00\""))
  var at: String?

  @Flag(help: "Only the permits that came nearest, nearest first.")
  var whyNot = false

  @OptionGroup var options: ConfigurationOptions
  @OptionGroup var output: OutputOptions

  func run() async throws {
    try await output.report {
      let desk = try PolicyDesk(options)
      let snapshot = try desk.snapshot()
      let explanation = snapshot.explain(try question(desk, snapshot), mode: mode)
      return .init(text: text(explanation), fields: Self.fields(explanation))
    }
  }

  private func question(_ desk: PolicyDesk, _ snapshot: PolicySnapshot) throws(CommandFailure) -> CallQuestion {
    let arguments: JSON
    do {
      arguments = try JSON(parsing: args)
    } catch {
      throw CommandFailure(.wrongUsage, code: "bad_arguments", "--args is no JSON: \(error)")
    }
    guard arguments.object != nil else {
      throw CommandFailure(.wrongUsage, code: "bad_arguments", "--args must be an object: '{\"name\": \"value\"}'")
    }
    guard let place = Scene(text: scene) else {
      throw CommandFailure(.wrongUsage, code: "bad_scene", "--scene must be like group:<id>")
    }
    guard let now = at.map(WeekTime.time) ?? WallClock.system.now() else {
      throw CommandFailure(.wrongUsage, code: "bad_time", "--at must be like \"Mon 12:00\"")
    }
    return CallQuestion(
      requester: snapshot.people.first { $0.name == user }?.ids.first ?? user, tool: try tool(desk), arguments: arguments,
      conversation: Conversation(channel: channel, account: "explain", scene: place), origin: .command, now: now)
  }

  private func tool(_ desk: PolicyDesk) throws(CommandFailure) -> Tool {
    let known = desk.world.tools
    if let found = known.first(where: { $0.name == tool }) { return found }
    guard let effect else {
      let hint = NearestName.hint(for: tool, among: known.map(\.name))
      throw CommandFailure(
        .notSo, code: "unknown_tool", "there is no tool '\(tool)'\(hint); for one that is not there yet, add --effect and --skill"
      )
    }
    return Tool(name: tool, skill: skill ?? "unknown", build: "", summary: "", effect: effect, parameters: [], rest: nil)
  }
}

extension Effect: ExpressibleByArgument {}
extension Mode: ExpressibleByArgument {}

// MARK: - What is printed

extension PolicyExplainCommand {
  private func text(_ explanation: Explanation) -> String {
    let roles = explanation.subject.roles.joined(separator: ", ")
    var lines = [
      Self.headline(explanation.decision),
      "asked by \(explanation.subject.principal), roles: \(roles.isEmpty ? "none" : roles); rules \(explanation.snapshot)",
    ]
    if whyNot {
      lines += explanation.nearestPermits.map { "  \(Self.line($0)) (\($0.obstacles) in the way)" }
    } else {
      lines += ["call:"] + explanation.call.map { "  \(Self.line($0))" }
      if !explanation.auto.isEmpty { lines += ["auto:"] + explanation.auto.map { "  \(Self.line($0))" } }
      if !explanation.limits.isEmpty { lines += ["limits:"] + explanation.limits.map { "  \($0.summary)" } }
    }
    return lines.joined(separator: "\n")
  }

  private static func headline(_ decision: CallDecision) -> String {
    switch decision {
    case .allow(let rules): "allow by \(rules.joined(separator: ", "))"
    case .gate(let gates, let rules):
      "gate \(gates.map(\.name).joined(separator: " and ")) by \(rules.joined(separator: ", "))"
    case .deny(let denial):
      "deny (\(denial.code.rawValue))" + (denial.rules.isEmpty ? "" : " by \(denial.rules.joined(separator: ", "))")
    }
  }

  private static func line(_ trace: RuleTrace) -> String {
    let effect = trace.isForbid ? trace.isOnTrial ? "forbid on trial" : "forbid" : "permit"
    let verdict =
      switch trace.verdict {
      case .satisfied: "holds"
      case .otherPrincipal: "is about other people"
      case .otherResource: "is about other tools"
      case .condition(let text): "does not hold because of: \(text)"
      case .error(let message): "cannot be evaluated: \(message)"
      }
    return "\(trace.place): \(effect) \(trace.rule) \(verdict)"
  }

  private static func fields(_ explanation: Explanation) -> [String: JSON] {
    var fields: [String: JSON] = [
      "principal": .string(explanation.subject.principal), "roles": .array(explanation.subject.roles.map(JSON.string)),
      "mode": .string(explanation.mode.rawValue), "snapshot": .string(explanation.snapshot),
      "call": .array(explanation.call.map(fields)), "auto": .array(explanation.auto.map(fields)),
      "limits": .array(explanation.limits.map { .string($0.summary) }),
    ]
    switch explanation.decision {
    case .allow(let rules):
      fields["outcome"] = "allow"
      fields["rules"] = .array(rules.map(JSON.string))
    case .gate(let gates, let rules):
      fields["outcome"] = "gate"
      fields["rules"] = .array(rules.map(JSON.string))
      fields["gates"] = .array(gates.map { .string($0.name) })
    case .deny(let denial):
      fields["outcome"] = "deny"
      fields["rules"] = .array(denial.rules.map(JSON.string))
      fields["reason"] = .string(denial.code.rawValue)
    }
    return fields
  }

  private static func fields(_ trace: RuleTrace) -> JSON {
    let (verdict, detail): (String, String?) =
      switch trace.verdict {
      case .satisfied: ("satisfied", nil)
      case .otherPrincipal: ("other_principal", nil)
      case .otherResource: ("other_resource", nil)
      case .condition(let text): ("condition", text)
      case .error(let message): ("error", message)
      }
    var members: [String: JSON] = [
      "rule": .string(trace.rule), "effect": trace.isForbid ? "forbid" : "permit", "place": .string(trace.place),
      "verdict": .string(verdict), "obstacles": .integer(Int64(trace.obstacles)),
    ]
    if let detail { members["detail"] = .string(detail) }
    if trace.isOnTrial { members["on_trial"] = true }
    return .object(members)
  }
}
