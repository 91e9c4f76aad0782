import Yams

/// The head of a Markdown file between two lines `---`: `key: value` at the margin, and lines that go on indented.
///
/// Only what is asked for is handed to the YAML parser, and only when it can be nothing but text: anchors and nested
/// structures, which can be made to unfold to gigabytes, never get there.
struct FrontMatter {
  struct Failure: Error {
    let reason: String
  }

  private struct Entry {
    let line: Int
    var text: String
  }

  /// What follows the head.
  let body: String
  private var entries: [String: Entry] = [:]

  init(_ text: String) throws(Failure) {
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    guard lines.first == "---" else { throw Failure(reason: "line 1: must be '---', the beginning of the front matter") }
    guard let end = lines.dropFirst().firstIndex(of: "---") else {
      throw Failure(reason: "the front matter has no end: a line '---'")
    }
    body = lines[(end + 1)...].joined(separator: "\n")
    var last: String?
    for (index, line) in lines[1..<end].enumerated() {
      if line.isEmpty || line.hasPrefix(" ") || line.hasPrefix("\t") || line.hasPrefix("- ") {
        if let last { entries[last]?.text += "\n" + line }
        continue
      }
      last = nil
      if line.hasPrefix("#") { continue }
      let key = line.prefix { $0 != ":" }
      let rest = line.dropFirst(key.count)
      guard rest == ":" || rest.hasPrefix(": "), !key.contains(where: \.isWhitespace) else {
        throw Failure(reason: "line \(index + 2): must be 'key: value'")
      }
      guard entries[String(key)] == nil else { throw Failure(reason: "line \(index + 2): '\(key)' is given twice") }
      entries[String(key)] = Entry(line: index + 2, text: String(rest.dropFirst()))
      last = String(key)
    }
  }

  /// The text of a key that must be there.
  func text(_ key: String) throws(Failure) -> String {
    guard let entry = entries[key] else { throw Failure(reason: "the front matter lacks '\(key)'") }
    let first = entry.text.first { !$0.isWhitespace }
    guard let first, !"{}[]&*!?-@`%".contains(first) else {
      throw Failure(reason: "line \(entry.line): '\(key)' must be text; write it in quotes")
    }
    guard let node = try? Yams.compose(yaml: "key:" + entry.text), let value = node.mapping?["key"]?.scalar?.string else {
      throw Failure(reason: "line \(entry.line): '\(key)' is not valid YAML; write it in quotes")
    }
    return value
  }
}
