import Core

/// The files of a policy folder as they were read: rules, tables and tests. Whole, so that they can be kept and taken up again.
package struct PolicyFiles: Sendable {
  /// Where they are from, for complaints.
  let place: String
  /// Sorted by name.
  let rules: [SourceFile]
  let tests: [SourceFile]

  /// Bytes that all files together may have.
  private static let maximumSize = 8 * 1024 * 1024

  /// Reads a folder. Blocks on the disk: not for the cooperative pool.
  ///
  /// - Throws: every file that cannot be read.
  package init(directory: String) throws(PolicyError) {
    place = directory
    rules = try PolicyFolder.read(directory)
    tests = try PolicyFolder.readTests(directory)
    let size = (rules + tests).reduce(0) { $0 + $1.bytes.count }
    guard size <= Self.maximumSize else {
      throw PolicyError(
        problems: [PolicyProblem(file: directory, message: "\(size) bytes; at most \(Self.maximumSize) are allowed")])
    }
  }

  /// Reads the candidate rules in `shadow`, below a folder of rules; nil when there is no such folder. Blocks on the disk.
  package init?(shadowOf directory: String) throws(PolicyError) {
    let folder = "\(directory)/\(PolicyFolder.shadow)"
    guard PolicyFolder.exists(folder) else { return nil }
    try self.init(directory: folder)
  }

  /// Takes up what `stored` gave.
  ///
  /// - Parameter place: where they are kept, for complaints.
  /// - Throws: when it is not that.
  package init(stored: String, place: String) throws(PolicyError) {
    guard let members = (try? JSON(parsing: stored))?.object else {
      throw PolicyError(problems: [PolicyProblem(file: place, message: "the stored rules are damaged")])
    }
    let tests = "\(PolicyFolder.tests)/"
    let files = members.sorted { Text($0.key) < Text($1.key) }.map { name, text in
      (isTest: name.hasPrefix(tests), file: SourceFile(name: "\(place)/\(name)", text: text.string ?? ""))
    }
    self.place = place
    rules = files.filter { !$0.isTest }.map(\.file)
    self.tests = files.filter(\.isTest).map(\.file)
  }

  /// Everything in one text, as canonical JSON: names below the folder, and contents.
  package var stored: String {
    let members = rules.map { (String($0.baseName), $0) } + tests.map { ("\(PolicyFolder.tests)/\($0.baseName)", $0) }
    return JSON.object(
      Dictionary(
        members.map { ($0.0, JSON.string(String(decoding: $0.1.bytes, as: UTF8.self))) }, uniquingKeysWith: { first, _ in first })
    ).canonical
  }
}
