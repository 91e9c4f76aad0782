import Core
import Foundation
import Testing

@testable import Skills

@Suite("The key of a call", .timeLimit(.minutes(5)))
struct CallKeyTests {
  @Test("reaches the skill as it is, and a repeat has the same one", arguments: [false, true])
  func reaches(isTrusted: Bool) async throws {
    let file = try SkillFixtures.fixture("key")
    let hash = try SkillImage.copy(file.path, maximumSize: 1 << 28).hash()
    try await SkillHostHarness.run([file], trusted: isTrusted ? [hash] : []) { harness in
      let planned = try harness.planned("key.tell")
      for key in ["7K3M9QXA", "7K3M9QXA", planned.requestID.description] {
        let call = ToolCall(
          tool: planned.tool, arguments: [:], requestID: planned.requestID, requester: planned.requester, idempotencyKey: key)
        #expect(try await harness.host.call(call) == .string(key))
      }
    }
  }
}
