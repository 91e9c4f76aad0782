import Core
import Foundation
import Testing

@testable import Policy

/// `Cases/*.json`: conditions and whole texts with what must come of them, all against the world in `world.json`.
@Suite("Cases as data")
struct CaseTests {
  @Test("say what they must", arguments: try CaseFile.all())
  func own(file: CaseFile) throws {
    let own = try file.questions.answers()
    try #require(own.count == file.expected.count)
    for (index, (own, expected)) in zip(own, file.expected).enumerated() {
      #expect(own == expected, "\(file.questions.policySets[index])")
    }
  }

  @Test("say the same to official Cedar", .enabled(if: OfficialCedar.isThere, "scripts/setup-peers has not installed cedarpy"))
  func official() async throws {
    let files = try CaseFile.all()
    let answers = try await OfficialCedar.answers(to: files.map(\.questions))
    try #require(answers.count == files.count)
    for (file, answers) in zip(files, answers) {
      try #require(answers.count == file.expected.count)
      for (index, (official, expected)) in zip(answers, file.expected).enumerated() {
        #expect(official == expected, "\(file.questions.policySets[index])")
      }
    }
    #expect(files.reduce(0) { $0 + $1.expected.count } > 400)
  }
}

/// One file of cases.
struct CaseFile: Sendable, CustomTestStringConvertible {
  let name: String
  let questions: OfficialCedar.Questions
  /// For each policy set what `Questions.answers` must give.
  let expected: [JSON]

  var testDescription: String { name }

  static func all() throws -> [CaseFile] {
    let folder = try #require(Bundle.module.resourceURL).appending(path: "Cases")
    let read = { (name: String) in try JSON(parsing: Data(contentsOf: folder.appending(path: name))) }
    let world = try read("world.json")
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0 != "world.json" }.sorted()
    return try names.map { try CaseFile(name: $0, cases: #require(try read($0).array), world: world) }
  }

  private init(name: String, cases: [JSON], world: JSON) throws {
    self.name = name
    questions = OfficialCedar.Questions(
      policySets: try cases.map { test in
        guard let condition = test["condition"]?.string else { return try #require(test["policies"]?.string) }
        return "permit (principal, action, resource) when { \(condition) };"
      }, entities: try #require(world["entities"]).canonical,
      requests: JSON.array([try #require(world["request"])]).canonical)
    expected = try cases.map { test in
      switch test["is"]?.string {
      case "true": return [["allow", ["policy0"], []]]
      case "false": return [["deny", [], []]]
      case "error": return [["deny", [], ["policy0"]]]
      default: break
      }
      if test["refused"] == true { return .null }
      return [[try #require(test["decision"]), try #require(test["reason"]), try #require(test["errors"])]]
    }
  }
}
