import Core
import Foundation
import Glibc
import Testing

@testable import Skills

@Suite("Each way to die", .timeLimit(.minutes(5)))
struct CrashTests {
  @Test(
    "is named to the caller, and the skill answers the next call",
    arguments: [
      ("misbehave", "bad.crash", ToolError.Code.crashed, "SIGSEGV"), ("misbehave", "bad.thread", .crashed, "SIGSEGV"),
      ("misbehave", "bad.abort", .crashed, "SIGABRT"), ("misbehave", "bad.divide", .crashed, arithmeticFault),
      ("misbehave", "bad.trap", .crashed, trapFault), ("misbehave", "bad.terminate", .crashed, "SIGTERM"),
      ("misbehave", "bad.exit", .crashed, "exited with status 0"), ("misbehave", "bad.status", .crashed, "exited with status 3"),
      ("misbehave", "bad.hang", .killed, "no answer"), ("misbehave", "bad.spin", .killed, "no answer"),
      ("misbehave", "bad.stop", .killed, "had stopped itself"), ("misbehave", "bad.oversize", .protocolError, "65536"),
      ("misbehave", "bad.other_call", .protocolError, "another call"), ("throws", "cxx.throw", .crashed, "SIGABRT"),
    ])
  func named(_ skill: String, _ tool: String, _ code: ToolError.Code, _ words: String) async throws {
    try await SkillHostHarness.run([SkillFixtures.fixture(skill)]) { harness in
      let arguments: JSON = ["bad.divide", "cxx.throw"].contains(tool) ? ["n": 1] : [:]
      let error = try await harness.failure(tool, arguments)
      #expect(error.code == code && error.message.contains(words), "\(error)")
      let next = skill == "throws" ? try await harness.call("cxx.catch", ["n": 1]) : try await harness.call("bad.fine")
      #expect(next == 42)
    }
  }

  /// x86 has an instruction for the one and traps at a division; others differ.
  static let trapFault = ELFImage.machine == 62 ? "SIGILL" : "SIGTRAP"
  static let arithmeticFault = ELFImage.machine == 62 ? "SIGFPE" : "SIG"

  @Test("a Rust panic is an abort", .enabled(if: Compiler.isInstalled("rustc"), "needs rustc"))
  func rust() async throws {
    try await SkillHostHarness.run([SkillFixtures.fixture("panics")]) { harness in
      let error = try await harness.failure("rust.panic")
      #expect(error.code == .crashed && error.message.contains("SIGABRT"), "\(error)")
      #expect(try await harness.call("rust.fine") == 42)
    }
  }

  @Test("a Swift trap is a trap", .enabled(if: Compiler.isInstalled("swiftc"), "needs swiftc"))
  func swift() async throws {
    try await SkillHostHarness.run([SkillFixtures.fixture("traps")]) { harness in
      let error = try await harness.failure("swift.trap", ["n": 1])
      #expect(error.code == .crashed && error.message.contains(Self.trapFault), "\(error)")
      #expect(try await harness.call("swift.fine") == 42)
    }
  }

  @Test(
    "a system call of another architecture is one", .enabled(if: ELFImage.machine == 62, "only x86-64 has others"),
    arguments: ["bad.x32", "bad.int80"])
  func otherArchitecture(_ tool: String) async throws {
    try await SkillHostHarness.run([SkillFixtures.fixture("misbehave")]) { harness in
      let error = try await harness.failure(tool)
      // A kernel without the table makes a fault of the instruction, which is as good.
      #expect(error.code == .crashed && (error.message.contains("SIGSYS") || error.message.contains("SIGSEGV")), "\(error)")
      #expect(try await harness.call("bad.fine") == 42)
    }
  }

  @Test("anything said between calls ends the runner, and no call is lost to it")
  func late() async throws {
    try await SkillHostHarness.run([SkillFixtures.fixture("misbehave")]) { harness in
      for _ in 0..<2 {
        let answer = try await harness.call("bad.late")
        #expect(answer == 1)
      }
    }
  }
}

/// Counts the descriptors, children and memory of the whole process, so it is run in one where nothing else runs.
@Suite("Crashes in a row", .timeLimit(.minutes(30)))
struct CrashStormTests {
  private static let key = "OPENCLAW_CRASH_STORM"
  private static let count = ProcessInfo.processInfo.environment[key].flatMap { Int($0) }

  @Test("leak no process, no descriptor and no memory")
  func apart() throws {
    let count = Self.count ?? 300
    let result = try SkillFixtures.run(
      [
        "env", "\(Self.key)=\(count)", "\(Self.key)_INSIDE=1", URL(filePath: "/proc/self/exe").resolvingSymlinksInPath().path,
        "--testing-library", "swift-testing", "--filter", "CrashStormTests/inside",
      ])
    #expect(result.status == 0 && result.text.contains("crashes in a row"), "\(result.text)")
    if Self.count != nil { print(result.text) }
  }

  @Test(
    "the storm itself",
    .enabled(if: ProcessInfo.processInfo.environment["\(key)_INSIDE"] != nil, "runs in a process of its own"))
  func inside() async throws {
    let count = try #require(Self.count)
    let limits: (inout SkillLimits) -> Void = { limits in
      limits.crashes.limit = .max
      limits.crashes.firstDelay = .zero
      limits.crashes.window = .seconds(1)
    }
    try await SkillHostHarness.run([SkillFixtures.fixture("misbehave")], limits: limits) { harness in
      func crash(_ times: Int) async throws {
        for _ in 0..<times {
          let error = try await harness.failure("bad.crash")
          #expect(error.code == .crashed)
        }
        #expect(try await harness.call("bad.fine") == 42)
      }
      try await crash(100)
      let before = Footprint.now()
      let began = ContinuousClock.now
      try await crash(count)
      let after = Footprint.now()
      print("\(count) crashes in a row: \(before) before, \(after) after, \(began.duration(to: .now))")
      // A runner that is about to start or about to be buried holds a few.
      #expect(after.descriptors <= before.descriptors + 20)
      #expect(after.children <= 4)
      #expect(after.kibibytes <= before.kibibytes + 8192)
    }
  }

  private struct Footprint: CustomStringConvertible {
    let descriptors: Int
    let children: Int
    let kibibytes: Int

    static func now() -> Footprint {
      let files = FileManager.default
      let tasks = (try? files.contentsOfDirectory(atPath: "/proc/self/task")) ?? []
      let children = tasks.map { task in
        let text = (try? String(contentsOfFile: "/proc/self/task/\(task)/children", encoding: .utf8)) ?? ""
        return text.split(separator: " ").count
      }
      let memory = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8)) ?? ""
      let pages = memory.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
      return Footprint(
        descriptors: (try? files.contentsOfDirectory(atPath: "/proc/self/fd"))?.count ?? 0, children: children.reduce(0, +),
        kibibytes: pages * sysconf(Int32(_SC_PAGESIZE)) / 1024)
    }

    var description: String { "\(descriptors) descriptors, \(children) children, \(kibibytes) KiB" }
  }
}
