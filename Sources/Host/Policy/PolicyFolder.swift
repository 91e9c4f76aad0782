import Foundation

/// Reads the files of a policy folder, bounded in number and size.
enum PolicyFolder {
  private static let maximumFiles = 256
  /// Tables by their names; what else ends in .yaml is read by nobody.
  static let tables = [RolesTable.fileName, GatesTable.fileName, ToolsetsTable.fileName, LimitsTable.fileName]
  /// Where the tests of the rules are, below the folder.
  static let tests = "tests"
  /// Where rules are that are asked beside those in force, with tables of their own.
  static let shadow = "shadow"

  /// All files that matter, sorted by name. Names that start with a dot are none of ours: editors put their drafts there.
  static func read(_ directory: String) throws(PolicyError) -> [SourceFile] {
    try read(directory) { $0.hasSuffix(".cedar") || tables.contains($0) }
  }

  /// The tables of tests; none where there is no folder for them.
  static func readTests(_ directory: String) throws(PolicyError) -> [SourceFile] {
    let folder = "\(directory)/\(tests)"
    guard exists(folder) else { return [] }
    return try read(folder) { $0.hasSuffix(".yaml") }
  }

  static func exists(_ folder: String) -> Bool { FileManager.default.fileExists(atPath: folder) }

  /// Names of tables that nobody reads.
  static func strangers(in directory: String) -> [String] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
    return names.filter { name in
      !name.hasPrefix(".") && (name.hasSuffix(".yaml") || name.hasSuffix(".yml")) && !tables.contains(name)
    }.sorted()
  }

  private static func read(_ directory: String, where isWanted: (String) -> Bool) throws(PolicyError) -> [SourceFile] {
    let names: [String]
    do {
      names = try FileManager.default.contentsOfDirectory(atPath: directory)
    } catch {
      throw PolicyError(problems: [PolicyProblem(file: directory, message: "the folder cannot be read")])
    }
    let wanted = names.filter { !$0.hasPrefix(".") && isWanted($0) }.sorted { Text($0) < Text($1) }
    guard wanted.count <= maximumFiles else {
      throw PolicyError(
        problems: [PolicyProblem(file: directory, message: "\(wanted.count) files; at most \(maximumFiles) are allowed")])
    }
    var files: [SourceFile] = []
    var problems: [PolicyProblem] = []
    for name in wanted {
      let path = directory.hasSuffix("/") ? directory + name : "\(directory)/\(name)"
      do {
        files.append(SourceFile(name: path, bytes: try bytes(of: path)))
      } catch {
        problems.append(PolicyProblem(file: path, message: error.message))
      }
    }
    guard problems.isEmpty else { throw PolicyError(problems: problems) }
    return files
  }

  private struct ReadError: Error {
    let message: String
  }

  /// Opens without waiting, so that a pipe dropped into the folder cannot hold us up.
  private static func bytes(of path: String) throws(ReadError) -> [UInt8] {
    let descriptor = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
    guard descriptor >= 0 else { throw ReadError(message: "the file cannot be opened") }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      throw ReadError(message: "not a plain file")
    }
    let limit = SourceFile.maximumSize
    var bytes: [UInt8] = []
    while bytes.count <= limit {
      var chunk = [UInt8](repeating: 0, count: 64 * 1024)
      let count = Foundation.read(descriptor, &chunk, chunk.count)
      guard count >= 0 else { throw ReadError(message: "the file cannot be read") }
      guard count > 0 else { return bytes }
      bytes += chunk[..<count]
    }
    throw ReadError(message: "larger than \(limit / 1024) KiB; split it")
  }
}
