import Core
import Foundation
import Glibc

extension SkillInstructions {
  /// The name of the file that holds them, beside the library.
  static let fileName = "SKILL.md"
  static let longestText = 65_536
  private static let longestHead = 8192

  /// What is wrong with the file, in one line.
  struct Failure: Error, Equatable {
    let reason: String
  }

  /// Reads a regular file. Blocks.
  init(file: String) throws(Failure) {
    var status = stat()
    guard lstat(file, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      throw Failure(reason: "must be a regular file")
    }
    let bytes: [UInt8]?
    do throws(SmallFileError) {
      bytes = try SmallFile.read(file, maximumSize: Self.longestText + Self.longestHead)
    } catch {
      throw Failure(reason: "cannot be read: \(error.reason)")
    }
    guard let bytes else { throw Failure(reason: "is gone") }
    try self.init(parsing: bytes)
  }

  init(parsing bytes: [UInt8]) throws(Failure) {
    guard var text = String(validating: bytes, as: UTF8.self) else { throw Failure(reason: "must be UTF-8 text") }
    if text.hasPrefix("\u{feff}") { text.removeFirst() }
    text = text.replacing("\r\n", with: "\n")
    guard !text.unicodeScalars.contains(where: { $0.value < 0x20 && $0 != "\n" && $0 != "\t" }) else {
      throw Failure(reason: "must not hold control characters")
    }
    let name: String
    let description: String
    let body: String
    do throws(FrontMatter.Failure) {
      let head = try FrontMatter(text)
      name = try head.text("name")
      description = try head.text("description")
      body = head.body
    } catch {
      throw Failure(reason: error.reason)
    }
    guard (1...64).contains(name.utf8.count), Self.isName(name) else {
      throw Failure(reason: "'name' must be lower-case words joined by '-', at most 64 characters, like weather-report")
    }
    let line = description.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    guard (1...1024).contains(line.count), !line.unicodeScalars.contains(where: \.breaksLines) else {
      throw Failure(reason: "'description' must be text of 1 to 1024 characters, has \(line.count)")
    }
    let instructions = body.trimmingCharacters(in: .newlines)
    guard !instructions.isEmpty else { throw Failure(reason: "nothing follows the front matter: write the instructions there") }
    guard instructions.utf8.count <= Self.longestText else {
      throw Failure(reason: "the instructions have \(instructions.utf8.count) bytes, at most \(Self.longestText) are allowed")
    }
    self.init(name: name, description: line, text: instructions)
  }

  private static func isName(_ text: String) -> Bool {
    text.utf8.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false).allSatisfy { word in
      !word.isEmpty
        && word.allSatisfy {
          (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
        }
    }
  }

  /// `weather, 2.1 KiB`
  var overview: String {
    let tenths = (text.utf8.count * 10 + 512) / 1024
    return "\(name), \(tenths / 10).\(tenths % 10) KiB"
  }
}
