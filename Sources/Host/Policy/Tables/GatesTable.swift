import Yams

/// `gates.yaml`: who must agree to a call, how many, and how fast.
struct GatesTable: Sendable {
  private let gates: [String: Gate]

  static let fileName = "gates.yaml"
  static let largestQuorum = 10
  static let longestWait = Duration.seconds(7 * 24 * 3600)

  /// A table always has the default gate.
  init(_ gates: [Gate]) {
    self.gates = Dictionary(([Gate.builtIn] + gates).map { ($0.name, $0) }, uniquingKeysWith: { _, last in last })
  }

  subscript(_ name: String) -> Gate? { gates[name] }

  var names: Set<String> { Set(gates.keys) }
  var all: [Gate] { gates.values.sorted { $0.name < $1.name } }

  static func read(_ source: SourceFile) -> (table: GatesTable, problems: [PolicyProblem]) {
    var reader = TableReader(source)
    guard let root = reader.root() else { return (GatesTable([]), reader.problems) }
    var gates: [Gate] = []
    for (name, keyNode, value) in reader.entries(root, "the file") {
      if !isPlainName(name) {
        reader.report("unusable gate name `\(name)`", at: keyNode, help: "1 to 64 letters, digits, `-`, `_`, `.` or `/`")
      }
      if let gate = reader.gate(name, value) { gates.append(gate) }
    }
    return (GatesTable(gates), reader.problems)
  }
}

extension TableReader {
  fileprivate mutating func gate(_ name: String, _ node: Node) -> Gate? {
    let fields = fields(node, "gate `\(name)`", required: ["approvers"], optional: ["quorum", "expires", "run_within"])
    guard let approversNode = fields["approvers"] else { return nil }
    let approvers = roles(approversNode, "`approvers`")
    if approvers.isEmpty { report("nobody could pass gate `\(name)`", at: approversNode, help: "approvers: [admin]") }
    return Gate(
      name: name, approvers: approvers,
      quorum: fields["quorum"].flatMap { quorum($0) } ?? Gate.builtIn.quorum,
      expires: fields["expires"].flatMap { duration($0, "`expires`", atMost: GatesTable.longestWait) } ?? Gate.builtIn.expires,
      runWithin: fields["run_within"].flatMap { duration($0, "`run_within`", atMost: GatesTable.longestWait) }
        ?? Gate.builtIn.runWithin)
  }

  private mutating func quorum(_ node: Node) -> Int? {
    guard let text = string(node, "`quorum`") else { return nil }
    guard let value = wholeNumber(text), (1...GatesTable.largestQuorum).contains(value) else {
      report("`quorum` must be a number from 1 to \(GatesTable.largestQuorum)", at: node)
      return nil
    }
    return value
  }
}
