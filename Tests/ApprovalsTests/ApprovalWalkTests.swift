import Approvals
import Audit
import Core
import Foundation
import Policy
import Storage
import TestSupport
import Testing

@Suite("A write call, whatever happens")
struct ApprovalWalkTests {
  private static let walks = StoreKind.tested.flatMap { kind in (1...(kind == .sqlite ? 24 : 6)).map { (kind, UInt64($0)) } }

  @Test(
    "never runs twice, never without consent, never with other arguments, and every step has one record", .timeLimit(.minutes(5)),
    arguments: walks)
  func walk(kind: StoreKind, seed: UInt64) async throws {
    var random = SplitMix(state: seed)
    let world = try ApprovalWorld(on: kind)
    for _ in 0..<240 {
      try await step(world, &random)
      try await world.checkAudit()
    }
    for call in world.known.values { #expect(call.runs <= 1 + call.retries) }
    // A walk on which nothing ever ran would show nothing.
    #expect(world.known.values.contains { $0.runs > 0 })
    #expect(try await AuditVerifier.verify(world.store).defect == nil)
  }

  /// One thing that happens. Consent is the likeliest, else nothing would ever get as far as a run.
  private func step(_ world: ApprovalWorld, _ random: inout SplitMix) async throws {
    let code = world.codes.suffix(4).randomElement(using: &random)
    let sender = ApprovalWorld.people.keys.sorted().randomElement(using: &random) ?? "admin"
    let scenes = [Scene(.group, "1"), Scene(.group, "1"), Scene(.private, sender), Scene(.group, "2")]
    let scene = scenes.randomElement(using: &random) ?? scenes[0]
    switch (Int.random(in: 0..<100, using: &random), code) {
    case (0..<15, _): try await world.ask(["milk", "eggs", "tea", "salt"].randomElement(using: &random) ?? "milk")
    case (15..<50, let code?): try await world.vote(.approve, on: code, by: sender, in: scene)
    case (50..<54, let code?): try await world.vote(.deny, on: code, by: sender, in: scene)
    case (54..<74, _): try await world.run(ApprovalWorld.Fate.allCases.randomElement(using: &random) ?? .success)
    case (74..<82, let code?):
      try await world.resolve(Approvals.Resolution.allCases.randomElement(using: &random) ?? .retry, on: code, by: sender)
    case (82..<87, _): world.advance(.seconds(Int.random(in: 1...250, using: &random)))
    case (87..<93, _): try world.follow(ApprovalWorld.Rules.all.randomElement(using: &random) ?? ApprovalWorld.Rules.all[0])
    case (93..<94, _): world.swapSkill()
    case (94..<95, _): world.policy.setMode(.readOnly)
    case (95..<98, _): world.policy.setMode(.normal)
    default: try await world.restart()
    }
  }

  @Test(
    "two admins, the requester and two runners at the same moment: one outcome", .timeLimit(.minutes(5)),
    arguments: StoreKind.tested)
  func races(kind: StoreKind) async throws {
    let world = try ApprovalWorld(on: kind)
    // Instances that share a store where there can be such.
    let other = kind == .postgres ? try world.temporary.reopened(clock: world.clock) : world.store
    let stores = [world.store, other]
    for round in 0..<12 {
      try world.follow(ApprovalWorld.Rules.all[round % 2])
      try await world.ask("round \(round)")
      let code = try #require(world.known.first { $0.value.text == "round \(round)" }?.key)
      let approvals = world.approvals
      if round % 2 == 1 { try await world.vote(.approve, on: code, by: "carol", in: Scene(.group, "1")) }
      let words: [(Vote.Verb, String)] = [(.approve, "admin"), (.approve, "root2"), (.deny, "carol"), (.deny, "alice")]
      let claims = try await withThrowingTaskGroup(of: Int.self) { group in
        for (index, (verb, sender)) in words.shuffled().enumerated() {
          let store = stores[index % 2]
          let event = ChatEvent.sample("\(round) \(index)", "word", from: sender)
          group.addTask {
            _ = try await store.write { try approvals.vote(verb, code: code, event: event, in: $0) }
            return 0
          }
        }
        for store in stores + stores {
          group.addTask {
            guard let claim = try await store.write({ try approvals.claim(in: $0).claim }) else { return 0 }
            try await store.write { try approvals.finish(claim, with: .success("noted"), in: $0) }
            return 1
          }
        }
        return try await group.reduce(0, +)
      }
      let late = try await world.store.write { try approvals.claim(in: $0).claim }
      if let late { try await world.store.write { try approvals.finish(late, with: .success("noted"), in: $0) } }
      let runs = claims + (late == nil ? 0 : 1)
      let state = try #require(try await world.store.read { try $0.writeCall(code: code)?.state })
      #expect(runs == (state == .succeeded ? 1 : 0), "\(runs) runs and \(state)")
      #expect([.succeeded, .denied, .cancelled].contains(state))
      try await world.checkAudit()
      // What was denied may be asked for again later; nothing of this round is in the way of the next.
      world.advance(.seconds(1))
    }
    #expect(try await AuditVerifier.verify(world.store).defect == nil)
  }
}
