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
  private static let gateKeys = [
    "approvers", "quorum", "factors", "deny_quorum", "scenes", "confirm", "expires", "run_within",
  ]

  fileprivate mutating func gate(_ name: String, _ node: Node) -> Gate? {
    let fields = fields(node, "gate `\(name)`", required: [], optional: Self.gateKeys)
    guard let factors = factors(of: name, fields, node) else { return nil }
    return Gate(
      name: name, factors: factors,
      denyQuorum: fields["deny_quorum"].flatMap { count($0, "`deny_quorum`") } ?? Gate.builtIn.denyQuorum,
      places: fields["scenes"].map { places($0) } ?? Gate.builtIn.places,
      confirm: fields["confirm"].flatMap { word($0, "`confirm`") } ?? Gate.builtIn.confirm,
      expires: fields["expires"].flatMap { duration($0, "`expires`", atMost: GatesTable.longestWait) } ?? Gate.builtIn.expires,
      runWithin: fields["run_within"].flatMap { duration($0, "`run_within`", atMost: GatesTable.longestWait) }
        ?? Gate.builtIn.runWithin)
  }

  /// Either `approvers` with a `quorum`, or `factors`.
  private mutating func factors(of name: String, _ fields: [String: Node], _ node: Node) -> [Gate.Factor]? {
    if let factorsNode = fields["factors"] {
      for key in ["approvers", "quorum"] {
        guard let other = fields[key] else { continue }
        report("gate `\(name)` has both `factors` and `\(key)`", at: other, help: "write either approvers and quorum, or factors")
      }
      return factors(factorsNode, of: name)
    }
    guard let approversNode = fields["approvers"] else {
      if node.mapping != nil {
        report(
          "gate `\(name)` lacks the key `approvers`", at: node, help: "approvers: [admin], or factors: [{ role: admin, n: 1 }]")
      }
      return nil
    }
    let approvers = roles(approversNode, "`approvers`")
    if approvers.isEmpty { report("nobody could pass gate `\(name)`", at: approversNode, help: "approvers: [admin]") }
    return [Gate.Factor(roles: approvers, count: fields["quorum"].flatMap { count($0, "`quorum`") } ?? 1)]
  }

  /// `[{ role: owner, n: 1 }, { role: admin, n: 1 }]`
  private mutating func factors(_ node: Node, of name: String) -> [Gate.Factor] {
    var factors: [Gate.Factor] = []
    for element in list(node, "`factors`") {
      let fields = fields(element, "a factor", required: ["role"], optional: ["n"])
      guard let roleNode = fields["role"], let role = role(roleNode) else { continue }
      if factors.contains(where: { $0.roles == [role] }) {
        report("two factors ask for the role `\(role)`", at: roleNode, help: "give one of them a larger n")
      }
      factors.append(Gate.Factor(roles: [role], count: fields["n"].flatMap { count($0, "`n`") } ?? 1))
    }
    if node.sequence?.isEmpty == true {
      report("nobody could pass gate `\(name)`", at: node, help: "factors: [{ role: admin, n: 1 }]")
    }
    if factors.reduce(0, { $0 + $1.count }) > GatesTable.largestQuorum {
      report("gate `\(name)` needs more than \(GatesTable.largestQuorum) people", at: node)
    }
    return factors
  }

  private mutating func places(_ node: Node) -> [Gate.Place] {
    var places: [Gate.Place] = []
    for element in list(node, "`scenes`") {
      guard let place: Gate.Place = word(element, "a scene") else { continue }
      if places.contains(place) { report("scene `\(place.rawValue)` given twice", at: element) }
      places.append(place)
    }
    if node.sequence?.isEmpty == true {
      report("`scenes` is empty: nobody could decide anywhere", at: node, help: "scenes: [origin, dm]")
    }
    return places
  }

  private mutating func role(_ node: Node) -> String? {
    guard let role = string(node, "a role") else { return nil }
    guard isPlainName(role) else {
      report("unusable role name `\(role)`", at: node, help: "1 to 64 letters, digits, `-`, `_`, `.` or `/`")
      return nil
    }
    return role
  }

  /// One of a fixed set of words.
  private mutating func word<Word: RawRepresentable<String> & CaseIterable>(_ node: Node, _ what: String) -> Word? {
    guard let text = string(node, what) else { return nil }
    if let word = Word(rawValue: text) { return word }
    let words = Word.allCases.map(\.rawValue)
    report(
      "\(what) cannot be `\(text)`", at: node,
      help: suggestion(for: text, among: words) ?? "one of \(words.joined(separator: ", "))")
    return nil
  }

  private mutating func count(_ node: Node, _ what: String) -> Int? {
    guard let text = string(node, what) else { return nil }
    guard let value = wholeNumber(text), (1...GatesTable.largestQuorum).contains(value) else {
      report("\(what) must be a number from 1 to \(GatesTable.largestQuorum)", at: node)
      return nil
    }
    return value
  }
}
