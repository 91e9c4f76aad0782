import Core
import Yams

/// `limits.yaml`: how often, and how many at once, tools may be called.
struct LimitsTable: Sendable {
  struct Entry: Sendable {
    enum Target: Sendable {
      case tools(ToolsetsTable.NamePattern)
      case toolset(String)
      case effect(Effect)
    }

    let limit: CallLimit
    let target: Target
    let line: Int
    let column: Int

    func fits(_ tool: Tool, in toolsets: [String]) -> Bool {
      switch target {
      case .tools(let name): name.pattern.matches(Text(tool.name))
      case .toolset(let name): toolsets.contains(name)
      case .effect(let effect): tool.effect == effect
      }
    }
  }

  let limits: [Entry]
  /// For complaints; nil when there is no such file.
  let source: SourceFile?

  static let fileName = "limits.yaml"
  private static let largest = 256
  static let mostCalls = 1_000_000
  static let longest = Duration.seconds(7 * 24 * 3600)

  init(_ limits: [Entry] = [], source: SourceFile? = nil) {
    self.limits = limits
    self.source = source
  }

  static func read(_ source: SourceFile) -> (table: LimitsTable, problems: [PolicyProblem]) {
    var reader = TableReader(source)
    guard let root = reader.root() else { return (LimitsTable(), reader.problems) }
    var limits: [Entry] = []
    for node in reader.list(root, "the file") {
      guard let entry = reader.limit(node) else { continue }
      if limits.contains(where: { $0.limit.match == entry.limit.match && $0.limit.per == entry.limit.per }) {
        reader.report(
          "a second limit for `\(entry.limit.match)` per \(entry.limit.per.rawValue)", at: node, help: "put both into one")
      }
      limits.append(entry)
    }
    if limits.count > largest { reader.report("\(limits.count) limits; at most \(largest) are allowed", at: root) }
    return (LimitsTable(limits, source: source), reader.problems)
  }

  /// Limits of toolsets that do not exist.
  func problems(toolsets: [String]) -> [PolicyProblem] {
    problems { entry in
      guard case .toolset(let name) = entry.target, !toolsets.contains(name) else { return nil }
      let help = suggestion(for: name, among: toolsets)
      return ("unknown toolset `\(name)`", help ?? (toolsets.isEmpty ? "toolsets.yaml has none" : nil))
    }
  }

  /// Limits that no loaded tool is called like.
  func idle(tools: [String]) -> [PolicyProblem] {
    problems { entry in
      guard case .tools(let name) = entry.target, !tools.contains(where: { name.pattern.matches(Text($0)) }) else { return nil }
      return ("no tool is called `\(name.text)`", suggestion(for: name.text, among: tools))
    }
  }

  private func problems(_ complaint: (Entry) -> (message: String, help: String?)?) -> [PolicyProblem] {
    limits.compactMap { entry in
      guard let source, let (message, help) = complaint(entry) else { return nil }
      return source.problem(message, line: entry.line, column: entry.column, help: help, code: .unknownName)
    }
  }
}

extension TableReader {
  fileprivate mutating func limit(_ node: Node) -> LimitsTable.Entry? {
    let before = problems.count
    let fields = fields(
      node, "a limit", required: ["match", "per"], optional: ["rate", "burst", "cooldown", "concurrency"])
    guard let matchNode = fields["match"], let match = string(matchNode, "`match`"), let target = target(match, matchNode),
      let per = fields["per"].flatMap({ one(of: CallLimit.Share.allCases.map(\.rawValue), $0, "`per`") })
        .flatMap(CallLimit.Share.init)
    else { return nil }
    let pace = fields["rate"].flatMap { string($0, "`rate`") }
    let allowance = fields["rate"].flatMap { rate($0, burst: fields["burst"]) }
    let cooldown = fields["cooldown"].flatMap { duration($0, "`cooldown`", atMost: LimitsTable.longest) }
    let concurrency = fields["concurrency"].flatMap { count($0, "`concurrency`", atMost: 1000) }
    if let burst = fields["burst"], fields["rate"] == nil { report("`burst` without `rate` means nothing", at: burst) }
    if fields["rate"] == nil, fields["cooldown"] == nil, fields["concurrency"] == nil {
      report("this limit allows everything", at: node, help: "rate: 5/1m, cooldown: 10s or concurrency: 1")
    }
    guard problems.count == before else { return nil }
    return LimitsTable.Entry(
      limit: CallLimit(match: match, per: per, pace: pace, rate: allowance, cooldown: cooldown, concurrency: concurrency),
      target: target, line: matchNode.mark?.line ?? 1, column: matchNode.mark?.column ?? 1)
  }

  private mutating func target(_ text: String, _ node: Node) -> LimitsTable.Entry.Target? {
    let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    guard parts.count == 2 else { return namePattern(text, node).map { .tools($0) } }
    switch (parts[0], Effect(rawValue: parts[1])) {
    case ("set", _): return .toolset(parts[1])
    case ("effect", let effect?): return .effect(effect)
    default:
      report(
        "unusable `match`: `\(text)`", at: node,
        help: "a tool's name with `*` for any text, set/<toolset>, effect/read or effect/write")
      return nil
    }
  }

  /// `5/1m`: five in a minute.
  private mutating func rate(_ node: Node, burst: Node?) -> RateLimit? {
    guard let text = string(node, "`rate`") else { return nil }
    let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
    guard parts.count == 2, let number = wholeNumber(parts[0]), (1...LimitsTable.mostCalls).contains(number),
      let time = duration(parts[1], atMost: LimitsTable.longest)
    else {
      report("`rate` must be a number of calls in a time", at: node, help: "5/1m, 100/24h; the time from 1s to 168h")
      return nil
    }
    let size = burst.map { count($0, "`burst`", atMost: LimitsTable.mostCalls) } ?? number
    return size.map { RateLimit(number, in: time, burst: $0) }
  }

  private mutating func count(_ node: Node, _ what: String, atMost largest: Int) -> Int? {
    guard let text = string(node, what) else { return nil }
    guard let value = wholeNumber(text), (1...largest).contains(value) else {
      report("\(what) must be a number from 1 to \(largest)", at: node)
      return nil
    }
    return value
  }
}
