import Core
import Testing

@testable import Policy

@Suite("Factors of a gate")
struct FactorTests {
  private func taken(_ factors: [Gate.Factor], by people: [[String]]) -> [Int] {
    var seats = FactorSeats(of: Gate(name: "g", factors: factors))
    for roles in people { seats.add(roles) }
    return seats.taken
  }

  @Test("one person stands for one factor only, and moves over for somebody who fits no other")
  func moves() {
    let keys = [Gate.Factor(roles: ["owner"]), Gate.Factor(roles: ["admin"])]
    #expect(taken(keys, by: [["owner", "admin"]]).reduce(0, +) == 1)
    #expect(taken(keys, by: [["owner", "admin"], ["admin"]]) == [1, 1])
    #expect(taken(keys, by: [["admin", "owner"], ["owner"]]) == [1, 1])
    #expect(taken(keys, by: [["admin"], ["admin"], ["admin"]]) == [0, 1])
    #expect(taken([Gate.Factor(roles: ["admin"], count: 3)], by: [["admin"], ["member"], ["admin"]]) == [2])
  }

  @Test("as many seats are taken as trying every assignment could take, whatever the order")
  func exhaustive() {
    let names = ["a", "b", "c"]
    var generator = SystemRandomNumberGenerator()
    for _ in 0..<500 {
      let factors = (0..<Int.random(in: 1...3, using: &generator)).map { _ in
        Gate.Factor(
          roles: names.filter { _ in Bool.random(using: &generator) } + ["z"], count: Int.random(in: 1...2, using: &generator))
      }
      let people = (0..<Int.random(in: 0...5, using: &generator)).map { _ in
        names.filter { _ in Bool.random(using: &generator) }
      }
      #expect(taken(factors, by: people).reduce(0, +) == Self.most(factors.map(\.count), factors, people[...]))
    }
  }

  /// Tries every factor, and none, for each person.
  private static func most(_ free: [Int], _ factors: [Gate.Factor], _ people: ArraySlice<[String]>) -> Int {
    guard let roles = people.first else { return 0 }
    var best = most(free, factors, people.dropFirst())
    for index in factors.indices where free[index] > 0 && !Set(roles).isDisjoint(with: factors[index].roles) {
      var left = free
      left[index] -= 1
      best = max(best, 1 + most(left, factors, people.dropFirst()))
    }
    return best
  }

  @Test("asking makes sense only when every factor can be filled by others, who can be reached")
  func canBeFilled() throws {
    let people = """
      people:
        - { name: root, roles: [owner, admin], ids: ["playground:admin"] }
        - { name: second, roles: [admin], ids: ["playground:carol"] }
      defaults: { everyone: [member] }
      """
    let engine = PolicyEngine(snapshot: try snapshot(roles: people))
    let keys = Gate(name: "keys", factors: [.init(roles: ["owner"]), .init(roles: ["admin"])])
    let question = Example.call(Example.write)
    #expect(engine.canAnyoneApprove(question, gate: keys))
    #expect(!engine.canAnyoneApprove(question, gate: keys) { $0.name == "root" })
    #expect(!engine.canAnyoneApprove(Example.call(Example.write, by: "playground:carol"), gate: keys))
    #expect(!engine.canAnyoneApprove(question, gate: Gate(name: "owners", factors: [.init(roles: ["owner"], count: 2)])))
  }

  @Test("what came of a call may be settled while writes are denied, and in no stricter mode")
  func settling() throws {
    let engine = PolicyEngine(snapshot: try snapshot())
    let question = Example.call(Example.write, by: "playground:alice")
    for mode in Mode.allCases {
      engine.setMode(mode)
      let verdict = engine.maySettle(question, approver: "playground:admin", gate: .builtIn)
      #expect((verdict.denial == nil) == [.normal, .readOnly].contains(mode), "\(mode)")
      #expect(engine.maySettle(question, approver: "playground:bob", gate: .builtIn).denial != nil)
    }
  }
}
