import Foundation
import SkillTemplates

/// A new folder with a skill that builds with `make`, needs nothing but its compiler, and can be tried at once.
package struct SkillProject: Sendable {
  /// The languages that there are templates for.
  package enum Language: String, Sendable, CaseIterable {
    case c, cpp, swift, rust
  }

  /// Why a folder was not made.
  package struct Failure: Error, Sendable, Equatable {
    package enum Code: String, Sendable {
      case badName = "bad_name"
      case exists
      case cannotWrite = "cannot_write"
    }

    package let code: Code
    package let message: String
  }

  /// The folder's name, which is also the tool's.
  package let name: String
  package let language: Language
  /// The program for `make try`.
  let program: String

  /// - Parameters:
  ///   - name: a word of lower-case letters, digits and `-`, a letter first, at most 32 characters.
  ///   - program: the path of `openclaw`.
  package init(name: String, language: Language, program: String) throws(Failure) {
    guard name.utf8.count <= 32, Names.isDotted(name),
      !name.utf8.contains(where: { $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "_") })
    else {
      throw Failure(
        code: .badName,
        message:
          "'\(name.prefix(64))' cannot be the name of a skill: lower-case letters, digits and '-', a letter first, at most 32")
    }
    self.name = name
    self.language = language
    self.program = program
  }

  /// Paths inside the folder and what the files say, in the order of the paths.
  package var files: [(path: String, text: String)] {
    let templates = (0..<skill_template_count()).compactMap { index in unsafe skill_template_at(index)?.pointee }
    return templates.compactMap { template in
      let owner = unsafe String(cString: template.language)
      guard owner.isEmpty || owner == language.rawValue else { return nil }
      let bytes = unsafe UnsafeBufferPointer(start: template.bytes, count: template.size)
      return (filled(unsafe String(cString: template.path)), filled(String(decoding: bytes, as: UTF8.self)))
    }.sorted { $0.path < $1.path }
  }

  /// Makes `folder/name`. A folder that exists already is left as it is.
  /// - Returns: the path of the new folder.
  package func create(in folder: String) throws(Failure) -> String {
    let root = "\(folder)/\(name)"
    guard mkdir(root, 0o755) == 0 else {
      if errno == EEXIST { throw Failure(code: .exists, message: "\(root) exists already; nothing was written") }
      throw Failure(code: .cannotWrite, message: "cannot create \(root): \(unsafe String(cString: strerror(errno)))")
    }
    for (path, text) in files {
      let file = URL(filePath: "\(root)/\(path)")
      do {
        try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: file)
      } catch {
        throw Failure(code: .cannotWrite, message: "cannot write \(file.path)")
      }
    }
    return root
  }

  private func filled(_ text: String) -> String {
    text.replacing("@NAME@", with: name).replacing("@TYPE@", with: typeName).replacing("@MODULE@", with: moduleName)
      .replacing("@PROGRAM@", with: program.replacing("$", with: "$$"))
  }

  /// `my-skill` as a Swift type: `MySkill`.
  private var typeName: String {
    name.split(separator: "-").map { $0.prefix(1).uppercased() + $0.dropFirst() }.joined() + "Skill"
  }

  private var moduleName: String { name.replacing("-", with: "_") + "_skill" }
}
