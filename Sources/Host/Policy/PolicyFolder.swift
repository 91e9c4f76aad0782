import Foundation

/// Reads the files of a policy folder, bounded in number and size.
enum PolicyFolder {
  private static let maximumFiles = 256

  /// All files that matter, sorted by name. Names that start with a dot are none of ours: editors put their drafts there.
  static func read(_ directory: String) throws(PolicyError) -> [SourceFile] {
    let names: [String]
    do {
      names = try FileManager.default.contentsOfDirectory(atPath: directory)
    } catch {
      throw PolicyError(problems: [PolicyProblem(file: directory, message: "the folder cannot be read")])
    }
    let wanted = names.filter { name in
      !name.hasPrefix(".") && (name.hasSuffix(".cedar") || name == RolesTable.fileName || name == GatesTable.fileName)
    }.sorted { Text($0) < Text($1) }
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
