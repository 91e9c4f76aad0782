extension PolicySnapshot {
  /// Reads `*.cedar`, `roles.yaml` and `gates.yaml` of a folder. Blocks on the disk: not for the cooperative pool.
  ///
  /// - Parameter digest: gives the snapshot its id; from the names and contents of all files in a fixed order.
  /// - Throws: every problem of every file. Nothing is taken by halves: a broken file must never mean fewer rules.
  package static func load(
    directory: String, digest: ([UInt8]) -> String = fnv1a
  ) throws(PolicyError) -> PolicySnapshot {
    try make(from: try PolicyFolder.read(directory), in: directory, digest: digest)
  }

  /// Makes a snapshot of files already read, sorted by name.
  static func make(
    from files: [SourceFile], in directory: String, digest: ([UInt8]) -> String = fnv1a
  ) throws(PolicyError) -> PolicySnapshot {
    var problems: [PolicyProblem] = []
    var rules: [Rule] = []
    var roles: RolesTable?
    var gates = GatesTable([])
    for file in files {
      if file.isNamed(RolesTable.fileName) {
        let read = RolesTable.read(file)
        roles = read.table
        problems += read.problems
      } else if file.isNamed(GatesTable.fileName) {
        let read = GatesTable.read(file)
        gates = read.table
        problems += read.problems
      } else {
        let parsed = Parser.parse(file)
        rules += parsed.rules
        problems += parsed.problems
      }
    }
    problems += rules.flatMap { Vocabulary.problems(of: $0, gates: gates.names) }
    problems += repeatedIDs(rules)
    if rules.count > Parser.maximumRules {
      problems.append(PolicyProblem(file: directory, message: "\(rules.count) rules; at most \(Parser.maximumRules) are allowed"))
    }
    if rules.isEmpty, problems.isEmpty {
      problems.append(PolicyProblem(file: directory, message: "no rules", help: "put at least one rule into a *.cedar file"))
    }
    if roles == nil {
      problems.append(PolicyProblem(file: directory, message: "no \(RolesTable.fileName)", help: "create it with: people: []"))
    }
    guard problems.isEmpty, let roles else {
      throw PolicyError(
        problems: problems.sorted { ($0.file, $0.line ?? 0, $0.column ?? 0) < ($1.file, $1.line ?? 0, $1.column ?? 0) })
    }
    return PolicySnapshot(id: digest(fingerprint(files)), rules: rules, roles: roles, gates: gates)
  }

  private static func repeatedIDs(_ rules: [Rule]) -> [PolicyProblem] {
    var first: [String: Rule] = [:]
    return rules.compactMap { rule in
      guard let earlier = first[rule.id] else {
        first[rule.id] = rule
        return nil
      }
      return rule.source.problem(
        "rule id `\(rule.id)` is already taken", at: rule.annotation("id")?.span ?? rule.span,
        help: "the other one is at \(earlier.source.place(of: earlier.span))", code: .duplicateID)
    }
  }

  /// Names and contents with their lengths, so that no two different folders give the same bytes.
  private static func fingerprint(_ files: [SourceFile]) -> [UInt8] {
    files.flatMap { file in
      let name = Array(file.baseName.utf8)
      return Array("\(name.count) \(file.bytes.count) ".utf8) + name + file.bytes
    }
  }

  /// FNV-1a, 64 bits, hexadecimal: tells versions apart, proves nothing.
  package static func fnv1a(_ bytes: [UInt8]) -> String {
    let hash = bytes.reduce(0xcbf2_9ce4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
    let digits = String(hash, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }
}

extension SourceFile {
  fileprivate var baseName: Substring { name.split(separator: "/").last ?? "" }

  fileprivate func isNamed(_ base: String) -> Bool { baseName == base }
}
