import Core
import Foundation
import Testing

@testable import Policy

/// Cedar's public tests, as their repository has them. They are not part of ours: fetch cedar-policy/cedar-integration-tests, unpack
/// its corpus beside `tests/`, and name the folder in OPENCLAW_CEDAR_CORPUS.
@Suite("Cedar's public corpus", .enabled(if: corpus != nil, "OPENCLAW_CEDAR_CORPUS names no folder"))
struct CorpusTests {
  /// Extension types, of which we take none, and tags.
  private static let beyondUs = [
    "decimal", "ipaddr", "datetime", "duration", "not supported", "there is no function", "unknown method",
  ]

  @Test("is answered as official Cedar does: decision, reasons, and which policies err")
  func corpusAgrees() throws {
    let folder = try #require(corpus)
    var answered = 0
    var cases = 0
    var leftOut = 0
    let names = try FileManager.default.subpathsOfDirectory(atPath: folder).filter { $0.hasSuffix(".json") }.sorted()
    for name in names where !name.hasSuffix("entities.json") {
      let test = try JSON(parsing: try bytes("\(folder)/\(name)"))
      guard let requests = test["requests"]?.array, let policies = test["policies"]?.string,
        let entities = test["entities"]?.string,
        let schema = test["schema"]?.string
      else { continue }
      let answers: [CedarEvaluation.Answer]
      do {
        answers = try CedarEvaluation.answers(
          policies: .init(name: policies, bytes: try bytes("\(folder)/\(policies)")),
          entities: .init(name: entities, bytes: try bytes("\(folder)/\(entities)")),
          schema: .init(name: schema, bytes: try bytes("\(folder)/\(schema)")),
          request: .init(name: name, bytes: try bytes("\(folder)/\(name)"))
        ).answers
      } catch {
        let isBeyondUs = Self.beyondUs.contains { "\(error)".contains($0) }
        #expect(isBeyondUs, "\(name): \(error)")
        leftOut += 1
        continue
      }
      cases += 1
      for (request, answer) in zip(requests, answers) {
        answered += 1
        #expect(request["decision"] == answer.fields["decision"], "\(name)")
        #expect(Set(request["reason"]?.array ?? []) == Set(answer.reasons.map(JSON.string)), "\(name)")
        #expect(Set(request["errors"]?.array ?? []) == Set(answer.errors.map { JSON.string($0.policy) }), "\(name)")
      }
    }
    print("corpus: \(cases) cases with \(answered) requests answered, \(leftOut) cases left out for what we do not have")
    #expect(answered > 0)
  }

  /// Official Cedar's validator is the measure; what it refuses must be found here too, and little else.
  @Test("is checked against its schemas as strictly as official Cedar does")
  func corpusValidates() throws {
    let folder = try #require(corpus)
    var agreed = 0
    var stricter = 0
    let names = try FileManager.default.subpathsOfDirectory(atPath: folder).filter { $0.hasSuffix(".json") }.sorted()
    for name in names where !name.hasSuffix("entities.json") {
      let test = try JSON(parsing: try bytes("\(folder)/\(name)"))
      guard let policies = test["policies"]?.string, let schemaName = test["schema"]?.string,
        let isValid = test["shouldValidate"]?.bool
      else { continue }
      let parsed = Parser.parse(SourceFile(name: policies, bytes: try bytes("\(folder)/\(policies)")), as: .official)
      guard parsed.problems.isEmpty else { continue }
      let schema = try Parser.schema(SourceFile(name: schemaName, bytes: try bytes("\(folder)/\(schemaName)")))
      let checker = RuleChecker(schema, schema.environments)
      let problems = parsed.rules.flatMap { rule in
        let concerns = schema.environments.contains { rule.mayConcern($0, in: schema) }
        return checker.findings(in: rule).problems.map(\.message) + (concerns ? [] : ["concerns nothing"])
      }
      #expect(isValid || !problems.isEmpty, "\(name)")
      if isValid == problems.isEmpty { agreed += 1 } else if isValid { stricter += 1; print("stricter: \(name): \(problems[0])") }
    }
    print("corpus: the check agrees on \(agreed) cases and is stricter on \(stricter)")
    #expect(stricter * 100 < agreed)
  }
}

private let corpus = ProcessInfo.processInfo.environment["OPENCLAW_CEDAR_CORPUS"]

private func bytes(_ path: String) throws -> [UInt8] {
  Array(try Data(contentsOf: URL(filePath: path)))
}
