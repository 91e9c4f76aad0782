import Core
import Foundation
import Logging
import Testing

@testable import Skills

@Suite("Runner processes", .timeLimit(.minutes(5)))
struct RunnerProcessTests {
  private func start(_ skill: String, _ ended: Mailbox<RunnerEnd>) async throws -> RunnerProcess {
    let image = try SkillImage.copy(SkillFixtures.fixture(skill).path, maximumSize: 1 << 28)
    let log = SkillLog(logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, skill: skill)
    let runner = try await RunnerProcess.start(executable: SkillFixtures.runner, startBudget: .seconds(20))
    try await runner.load(image, budget: .seconds(20), log: log, onEnd: { ended.send($0) })
    return runner
  }

  private func invocation(_ symbol: String, _ signature: String?, timeout: Duration = .seconds(20)) throws -> SkillInvocation {
    SkillInvocation(
      symbol: symbol, signature: try signature.map(Signature.init(parsing:)), arguments: signature == nil ? Array("{}".utf8) : [],
      key: "k", timeout: timeout, maximumResult: 1000)
  }

  private func call(_ runner: RunnerProcess, _ invocation: SkillInvocation) async -> Result<JSON, ToolError> {
    do throws(ToolError) {
      return .success(
        try await runner.call(invocation, clock: .system) { _ in CapabilityAnswer(status: 0, body: Array("null".utf8)) })
    } catch {
      return .failure(error)
    }
  }

  @Test("a runner that is stopped is gone before its end is told")
  func stop() async throws {
    let ended = Mailbox<RunnerEnd>()
    let runner = try await start("misbehave", ended)
    #expect(await call(runner, try invocation("fine", "i32()")) == .success(42))
    runner.stop()
    #expect(!runner.isIdle)
    #expect(await ended.next() == .stopped)
    guard case .failure(let error) = await call(runner, try invocation("fine", "i32()")) else {
      Issue.record("a stopped runner answered")
      return
    }
    #expect(error.code == .unavailable)
  }

  @Test("stopping a runner ends its call")
  func stopDuringCall() async throws {
    let ended = Mailbox<RunnerEnd>()
    let runner = try await start("misbehave", ended)
    let hang = try invocation("nag", nil)
    let outcome = await withTaskGroup(of: Result<JSON, ToolError>.self) { group in
      group.addTask {
        do throws(ToolError) {
          // The first request shows that the call is running.
          return .success(
            try await runner.call(hang, clock: .system) { _ in
              runner.stop()
              return CapabilityAnswer(status: 0, body: Array("null".utf8))
            })
        } catch {
          return .failure(error)
        }
      }
      return await group.next()
    }
    guard case .failure(let error) = outcome else {
      Issue.record("the call came back")
      return
    }
    #expect(error.code == .cancelled)
    #expect(await ended.next() == .stopped)
  }

  @Test("a crash is booked before its caller hears of it")
  func crash() async throws {
    let ended = Mailbox<RunnerEnd>()
    let runner = try await start("misbehave", ended)
    guard case .failure(let error) = await call(runner, try invocation("crash", "i32()")) else {
      Issue.record("no crash")
      return
    }
    #expect(error.code == .crashed)
    #expect(await ended.next() == .crashed("crashed: SIGSEGV"))
  }

  @Test("a thread that a call left behind spinning ends its runner, and the fault is named", .timeLimit(.minutes(5)))
  func leftBehind() async throws {
    let ended = Mailbox<RunnerEnd>()
    let runner = try await start("misbehave", ended)
    #expect(await call(runner, try invocation("leave_spinning", "i32()")) == .success(1))
    #expect(await ended.next() == .violated("used processor time between calls"))
    #expect(!runner.isIdle)
  }

  @Test("an image is sealed: nobody can write to it")
  func sealed() throws {
    let image = try SkillImage.copy(SkillFixtures.fixture("version_1").path, maximumSize: 1 << 28)
    #expect(write(image.descriptor.number, "x", 1) == -1)
    #expect(ftruncate(image.descriptor.number, 0) == -1)
  }

  @Test("a file over the limit and a link are not copied")
  func copies() throws {
    let file = try SkillFixtures.fixture("version_1")
    #expect(throws: SkillRefusal.self) { try SkillImage.copy(file.path, maximumSize: 100) }
    let folder = try SkillFixtures.temporaryFolder()
    defer { try? FileManager.default.removeItem(at: folder) }
    let link = folder.appending(path: "link.so")
    #expect(symlink(file.path, link.path) == 0)
    #expect(throws: SkillRefusal.self) { try SkillImage.copy(link.path, maximumSize: 1 << 28) }
  }
}
