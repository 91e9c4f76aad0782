import Foundation
import Testing

@testable import openclaw

@Suite("The documents know what there is")
struct DocumentTests {
  static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  static func text(_ path: String) throws -> String {
    try String(contentsOf: root.appending(path: path), encoding: .utf8)
  }

  @Test("Every key with a single value has its row, with the name of its variable", arguments: Setting.all.map(\.path))
  func keys(path: String) throws {
    let setting = try #require(Setting.named(path))
    let rows = try Self.text("docs/configuration.md").split(separator: "\n").filter { $0.hasPrefix("| `\(path)` |") }
    #expect(rows.count == 1)
    #expect(rows.first?.contains("| `\(setting.environmentName)` |") == true)
  }

  @Test("Every code that the gateway refuses with is explained")
  func codes() throws {
    let folder = Self.root.appending(path: "Sources/Host/Gateway")
    let files = try #require(FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil))
    let document = try Self.text("docs/http.md")
    var codes: Set<String> = []
    for case let file as URL in files where file.pathExtension == "swift" {
      let source = try String(contentsOf: file, encoding: .utf8)
      for match in source.matches(of: /code: "([a-z_]+)"/) { codes.insert(String(match.output.1)) }
    }
    #expect(codes.count > 20)
    for code in codes.sorted() { #expect(document.contains("`\(code)`"), "\(code)") }
  }
}
