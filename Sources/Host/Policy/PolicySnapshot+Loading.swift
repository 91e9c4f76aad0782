extension PolicySnapshot {
  /// Reads the rules and tables of a folder and runs its tests. Blocks on the disk: not for the cooperative pool.
  ///
  /// - Parameter digest: gives the snapshot its id; from the names and contents of all files in a fixed order, tests aside.
  /// - Throws: every problem of every file. Nothing is taken by halves: a broken file must never mean fewer rules.
  package static func load(
    directory: String, digest: ([UInt8]) -> String = fnv1a
  ) throws(PolicyError) -> PolicySnapshot {
    try load(try PolicyFiles(directory: directory), digest: digest)
  }

  /// The same from files that were read before. Computes for a while: not for the cooperative pool.
  package static func load(
    _ files: PolicyFiles, digest: ([UInt8]) -> String = fnv1a
  ) throws(PolicyError) -> PolicySnapshot {
    let snapshot = try make(from: files.rules, in: files.place, digest: digest)
    if let failure = SelfTest.failure(of: snapshot.rules.rules) {
      throw PolicyError(problems: [PolicyProblem(file: files.place, message: failure)])
    }
    let run = RuleTests.run(files.tests, on: snapshot)
    guard run.problems.isEmpty else { throw PolicyError(problems: run.problems) }
    return snapshot
  }

  /// Everybody whom `roles.yaml` knows, whatever the rules beside it are like. Blocks on the disk.
  package static func people(in directory: String) throws(PolicyError) -> [Person] {
    let files = try PolicyFolder.read(directory).filter { $0.baseName == RolesTable.fileName }
    let read = files.first.map(RolesTable.read)
    guard read?.problems.isEmpty != false else { throw PolicyError(problems: read?.problems ?? []) }
    return read?.table.people ?? []
  }

  /// Makes a snapshot of files already read, sorted by name.
  static func make(
    from files: [SourceFile], in directory: String, digest: ([UInt8]) -> String = fnv1a
  ) throws(PolicyError) -> PolicySnapshot {
    let draft = PolicyDraft(files, in: directory)
    guard draft.problems.isEmpty, let roles = draft.roles else { throw PolicyError(problems: draft.problems.inOrder) }
    return PolicySnapshot(
      id: digest(fingerprint(files)), rules: draft.rules, roles: roles, gates: draft.gates, toolsets: draft.toolsets,
      limits: draft.limits)
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

extension [PolicyProblem] {
  /// By file, line and column.
  var inOrder: [PolicyProblem] {
    sorted { ($0.file, $0.line ?? 0, $0.column ?? 0) < ($1.file, $1.line ?? 0, $1.column ?? 0) }
  }
}

extension SourceFile {
  var baseName: Substring { name.split(separator: "/").last ?? "" }
}
