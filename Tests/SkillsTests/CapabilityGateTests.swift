import Core
import SkillLoader
import Testing

@testable import Skills

@Suite("The capability gate")
struct CapabilityGateTests {
  private struct Denying: CapabilityPolicy {
    let capability: String

    func mayUse(skill: String, capability: String, effect: Effect, requester: String) async -> Bool {
      capability != self.capability
    }
  }

  private struct BrokenStore: SkillKeyValueStore {
    struct Broken: Error {}
    func value(forKey key: String, of skill: String) async throws -> JSON? { throw Broken() }
    func set(_ value: JSON?, forKey key: String, of skill: String) async throws -> Bool { throw Broken() }
    func entries(withPrefix prefix: String, limit: Int, of skill: String) async throws -> [(key: String, value: JSON)] {
      throw Broken()
    }
  }

  private func grant(_ effect: Effect, _ scopes: Set<Scope>) -> CallGrant {
    CallGrant(
      skill: "org.example", build: "ab", tool: "t", effect: effect, scopes: scopes, requester: "playground:alice",
      requestID: RequestID())
  }

  private func ask(
    _ name: String, _ json: String, effect: Effect = .write, scopes: Set<Scope> = [.keyValueRead, .keyValueWrite],
    store: any SkillKeyValueStore = MemoryStore(), policy: any CapabilityPolicy = OpenPolicy(),
    records: Recorder<CapabilityRecord> = Recorder()
  ) async -> (status: Int32, body: String) {
    let clock = WallClock { Timestamp(milliseconds: 1234) }
    var services = CapabilityServices(store: store, policy: policy)
    services.observe = { records.add($0) }
    let gate = CapabilityGate(services, clock: clock)
    let question = CapabilityQuestion(name: name, json: Array(json.utf8))
    let answer = await gate.answer(question, under: grant(effect, scopes))
    return (answer.status, String(decoding: answer.body, as: UTF8.self))
  }

  @Test("what is stored comes back, in order, and goes when deleted")
  func keyValue() async {
    let store = MemoryStore()
    #expect(await ask("kv.put", #"{"key":"b","value":{"n":[1,2]}}"#, store: store) == (OC_OK, "null"))
    #expect(await ask("kv.put", #"{"key":"a","value":1}"#, store: store) == (OC_OK, "null"))
    #expect(await ask("kv.get", #"{"key":"b"}"#, store: store) == (OC_OK, #"{"n":[1,2]}"#))
    #expect(
      await ask("kv.list", "{}", store: store) == (OC_OK, #"{"entries":[{"key":"a","value":1},{"key":"b","value":{"n":[1,2]}}]}"#)
    )
    #expect(await ask("kv.list", #"{"prefix":"b","limit":1}"#, store: store).body.contains(#""key":"b""#))
    #expect(await ask("kv.delete", #"{"key":"b"}"#, store: store) == (OC_OK, "null"))
    #expect(await ask("kv.get", #"{"key":"b"}"#, store: store).status == OC_NOT_FOUND)
    #expect(await ask("clock", "{}") == (OC_OK, #"{"unix_ms":1234}"#))
  }

  @Test(
    "a read tool may not write, whatever it declares and whatever policy says",
    arguments: [("kv.put", #"{"key":"a","value":1}"#), ("kv.delete", #"{"key":"a"}"#)])
  func readTool(_ name: String, _ json: String) async {
    let records = Recorder<CapabilityRecord>()
    #expect(await ask(name, json, effect: .read, records: records).status == OC_DENIED)
    #expect(records.all.map(\.outcome) == [.denied])
    #expect(records.all.first?.capability == name)
  }

  @Test("a tool may not use what it did not declare")
  func scopes() async {
    #expect(await ask("kv.get", #"{"key":"a"}"#, scopes: []).status == OC_DENIED)
    #expect(await ask("kv.put", #"{"key":"a","value":1}"#, scopes: [.keyValueRead]).status == OC_DENIED)
    #expect(await ask("clock", "{}", scopes: []).status == OC_OK)
  }

  @Test("policy has a word in everything", arguments: ["kv.get", "clock"])
  func policy(_ name: String) async {
    let answer = await ask(name, name == "clock" ? "{}" : #"{"key":"a"}"#, policy: Denying(capability: name))
    #expect(answer.status == OC_DENIED)
  }

  @Test(
    "a malformed request is a bad argument",
    arguments: [
      ("kv.get", "{"), ("kv.get", "[]"), ("kv.get", "{}"), ("kv.get", #"{"key":""}"#), ("kv.get", #"{"key":1}"#),
      ("kv.get", #"{"key":"a","more":1}"#), ("kv.get", #"{"key":"a\u0000"}"#), ("kv.put", #"{"key":"a"}"#),
      ("kv.list", #"{"limit":0}"#), ("kv.list", #"{"limit":1001}"#), ("kv.list", #"{"prefix":1}"#), ("clock", #"{"zone":"x"}"#),
      ("kv.get", #"{"key":"\#(String(repeating: "k", count: 513))"}"#),
    ])
  func malformed(_ name: String, _ json: String) async {
    #expect(await ask(name, json).status == OC_BAD_ARGUMENT)
  }

  @Test("a value has a limit and a skill a quota")
  func limits() async {
    let long = String(repeating: "x", count: 65_535)
    #expect(await ask("kv.put", #"{"key":"a","value":"\#(long)"}"#).status == OC_TOO_LARGE)
    #expect(await ask("kv.put", #"{"key":"a","value":1}"#, store: MemoryStore(hasRoom: false)).status == OC_TOO_LARGE)
  }

  @Test("an unknown capability and a broken store are unavailable")
  func unavailable() async {
    let records = Recorder<CapabilityRecord>()
    #expect(await ask("camera.look", "{}", records: records).status == OC_UNAVAILABLE)
    #expect(records.all.first?.capability == "unknown")
    #expect(await ask("kv.get", #"{"key":"a"}"#, store: BrokenStore()).status == OC_UNAVAILABLE)
  }
}
