import Core
import Foundation
import Testing

@testable import Policy

/// Official Cedar (`cedarpy`) judges our evaluator. Everything goes through one process; without it the suite is left out.
@Suite(
  "Official Cedar agrees", .enabled(if: OfficialCedar.isThere, "scripts/setup-peers has not installed cedarpy"),
  .timeLimit(.minutes(5)))
struct DifferentialTests {
  @Test("on decision, reasons and errors of random policy sets, and on which damaged ones are refused")
  func randomSets() async throws {
    var dice = Dice(seed: 20_261_126)
    let worlds = (0..<500).map { _ in
      let whole = dice.list(10...10) { RandomPolicies.text(&$0) }
      let damaged = dice.list(3...3) { RandomPolicies.damaged(RandomPolicies.text(&$0), &$0) }
      return OfficialCedar.Questions(policySets: whole + damaged, RandomWorld(&dice))
    }
    let official = try await OfficialCedar.answers(to: worlds)
    try #require(official.count == worlds.count)
    var seen: [String: Int] = [:]
    for (world, official) in zip(worlds, official) {
      let own = try world.answers()
      for (index, (own, official)) in zip(own, official).enumerated() {
        if own != official {
          Issue.record("\(own.canonical) and not \(official.canonical): \(world.policySets[index])\n\(world)")
        }
        if official == .null { seen["refused", default: 0] += 1 }
        for answer in official.array ?? [] {
          seen[answer.array?[0].string ?? "", default: 0] += 1
          if answer.array?[2].array?.isEmpty == false { seen["with errors", default: 0] += 1 }
        }
      }
    }
    // A generator that only ever denies, or never errs, would compare nothing.
    #expect(["allow", "deny", "with errors", "refused"].allSatisfy { seen[$0, default: 0] > 500 }, "\(seen)")
  }
}

/// The other side.
enum OfficialCedar {
  /// Several policy sets, each of which is to answer the same requests.
  struct Questions: CustomStringConvertible, Sendable {
    let policySets: [String]
    /// As JSON, like the requests.
    let entities: String
    let requests: String

    init(policySets: [String], _ world: RandomWorld) {
      self.init(policySets: policySets, entities: world.entities.canonical, requests: JSON.array(world.requests).canonical)
    }

    init(policySets: [String], entities: String, requests: String) {
      self.policySets = policySets
      self.entities = entities
      self.requests = requests
    }

    var description: String {
      let texts = JSON.array(policySets.map(JSON.string)).canonical
      return #"{"policy_sets":\#(texts),"entities":\#(entities),"requests":\#(requests)}"#
    }

    /// Our answers in the form of the script's, for each policy set: null where it is refused.
    func answers() throws -> [JSON] {
      let entities = try CedarJSON(source: SourceFile(name: "entities", text: entities), schema: nil).entities()
      let reader = CedarJSON(source: SourceFile(name: "requests", text: requests), schema: nil)
      let requests = try (try reader.document().array ?? []).map { try reader.request($0, at: "request") }
      return policySets.map { text in
        let parsed = Parser.parse(SourceFile(name: "policies", text: text), as: .official)
        guard parsed.problems.isEmpty else { return .null }
        let rules = RuleSet(parsed.rules)
        return .array(
          requests.map { request in
            let answer = CedarEvaluation.answer(request, rules, entities)
            return [
              .string(answer.isAllowed ? "allow" : "deny"), .array(answer.reasons.sorted().map(JSON.string)),
              .array(answer.errors.map(\.policy).sorted().map(JSON.string)),
            ]
          })
      }
    }
  }

  private static let project = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()

  /// Whether the package is there.
  static let isThere =
    (try? String(contentsOf: project.appending(path: ".peers/installed.txt"), encoding: .utf8))?
    .contains("cedarpy==") == true

  /// What official Cedar says to every policy set: null or a list with an answer for each request.
  static func answers(to questions: [Questions]) async throws -> [[JSON]] {
    let asked = "[\(questions.map(\.description).joined(separator: ","))]"
    let folder = try TemporaryFolder(["questions.json": asked, "answers.json": ""])
    let output = try FileHandle(forWritingTo: URL(filePath: "\(folder.path)/answers.json"))
    defer { try? output.close() }
    let process = Process()
    process.executableURL = project.appending(path: ".peers/bin/python")
    process.arguments = [project.appending(path: "Tests/Peers/cedar_answers.py").path, "\(folder.path)/questions.json"]
    process.standardOutput = output
    let status = try await withCheckedThrowingContinuation { (end: CheckedContinuation<Int32, any Error>) in
      process.terminationHandler = { end.resume(returning: $0.terminationStatus) }
      do {
        try process.run()
      } catch {
        end.resume(throwing: error)
      }
    }
    try #require(status == 0, "cedar_answers.py failed")
    let bytes = try Data(contentsOf: URL(filePath: "\(folder.path)/answers.json"))
    return try #require(JSON(parsing: bytes).array).map { try #require($0.array) }
  }
}
