import Core
import Foundation
import Testing

/// One case of a vector file, shown in test reports by its name.
struct VectorCase: Sendable, CustomTestStringConvertible {
  let json: JSON

  var name: String { json["name"]?.string ?? json["code"]?.integer.map { String($0) } ?? "unnamed" }
  var testDescription: String { name }

  subscript(_ key: String) -> JSON? { json[key] }

  func text(_ key: String) throws -> String { try #require(json[key]?.string, "\(name) has no \(key)") }

  /// The authoritative bytes of a body.
  func body() throws -> [UInt8] { Array(try #require(Data(base64Encoded: try text("bodyBase64")))) }
}

enum Vectors {
  /// The cases of a file, or of one array in it. Empty when the file cannot be read; `VectorsTests` counts them.
  static func cases(_ file: String, _ section: String? = nil) -> [VectorCase] {
    let document = document(file)
    return (section.map { document?[$0] } ?? document)?.array?.map(VectorCase.init) ?? []
  }

  static func document(_ file: String) -> JSON? {
    guard let url = Bundle.module.url(forResource: file, withExtension: "json", subdirectory: "Vectors"),
      let data = try? Data(contentsOf: url)
    else { return nil }
    return try? JSON(parsing: data)
  }

  /// Compares every member that `expected` lists; what `actual` lacks counts as null.
  static func expect(_ actual: JSON, matches expected: JSON, _ name: String, sourceLocation: SourceLocation = #_sourceLocation)
    throws
  {
    for (member, value) in try #require(expected.object) where member != "duplicateOf" {
      #expect((actual[member] ?? .null) == value, "\(name): \(member)", sourceLocation: sourceLocation)
    }
  }
}

@Suite("Vector files")
struct VectorsTests {
  @Test(
    "are read completely",
    arguments: [
      ("qq-webhook-signatures", "seeds" as String?, 7), ("qq-webhook-signatures", "verify", 38),
      ("qq-webhook-signatures", "validation", 13), ("qq-events", nil, 78), ("qq-error-codes", nil, 131),
      ("qq-gateway-close-codes", nil, 35),
      ("onebot-events", nil, 108), ("onebot-cq-codec", nil, 21), ("onebot-hmac", nil, 22),
    ])
  func complete(file: String, section: String?, count: Int) {
    #expect(Vectors.cases(file, section).count == count)
  }
}
