import Core
import Foundation
import Testing

@testable import Skills

/// The attempts are in `Tests/Fixtures/Skills/hostile`; `docs/security.md` lists them.
@Suite("The hostile skill", .timeLimit(.minutes(5)))
struct HostileTests {
  struct Report {
    var names: [String] = []
    var successes: Set<String> = []

    /// Lines such as `files: list /: refused (Permission denied)`.
    init(_ text: String) {
      for line in text.split(separator: "\n") {
        let parts = line.split(separator: ": ", maxSplits: 1)
        guard parts.count == 2, let end = parts[1].range(of: ": ", options: .backwards) else { continue }
        names.append(String(parts[1][..<end.lowerBound]))
        if parts[1][end.upperBound...] == "got" { successes.insert(names[names.count - 1]) }
      }
    }
  }

  enum Position: String, CaseIterable {
    /// As the tests are run: by root wherever CI is a container.
    case unchanged
    case asUser = "as_user"
    /// Root without capabilities, as in some containers.
    case powerlessRoot = "powerless_root"
    /// An ordinary user on a machine without user namespaces: Landlock stands alone.
    case withoutRoot = "without_root"

    var runner: String? {
      get throws { self == .unchanged ? nil : try SkillFixtures.launcher(rawValue) }
    }

    /// What is not refused, one or the other exactly; why that is harmless is explained in `docs/security.md`.
    var unrefused: [Set<String>] {
      let landlockAlone: Set<String> = [
        "stat a file of the host", "ask for access to a file of the host", "64 threads",
      ]
      switch self {
      case .unchanged, .powerlessRoot: return [[]]
      // Some machines allow ordinary users no user namespaces.
      case .asUser: return [[], landlockAlone]
      case .withoutRoot: return [landlockAlone]
      }
    }
  }

  @Test("gets nothing, neither from its constructor nor from a call", arguments: Position.allCases)
  func refused(_ position: Position) async throws {
    let skills = try [SkillFixtures.fixture("hostile"), SkillFixtures.example("echo")]
    try await SkillHostHarness.run(skills, runner: position.runner) { harness in
      let status = try #require(harness.status("hostile.so"))
      // Where powerless root gets no user namespace either, nothing is run at all.
      if position == .powerlessRoot, status.state == .refused, status.detail?.contains("giving up root") == true { return }
      #expect(status.state == .loaded, "\(status.detail ?? "")")
      for tool in ["hostile.loaded", "hostile.called"] {
        let report = Report(try await harness.call(tool).string ?? "")
        #expect(report.names.count >= 180)
        #expect(position.unrefused.contains(report.successes), "\(tool): \(report.successes.sorted())")
      }
      #expect(try await harness.call("echo", ["text": "served"]) == "served")
    }
  }

  @Test("would get most of it without a sandbox, so the attempts are real ones")
  func unconfined() throws {
    let report = Report(try SkillFixtures.unconfined())
    #expect(report.names.count >= 180)
    #expect(report.successes.count >= 100, "\(report.successes.count)")
  }

  @Test("is documented: every attempt is listed")
  func documented() throws {
    let page = try String(contentsOf: SkillFixtures.root.appending(path: "docs/security.md"), encoding: .utf8)
    for name in Report(try SkillFixtures.unconfined()).names {
      #expect(page.contains(name), "docs/security.md does not list '\(name)'")
    }
  }

  @Test(
    "a machine that lacks a protection gets no skill, and is told which one",
    arguments: [
      ("without_both", "Landlock"), ("without_filter", "seccomp"), ("without_privileges", "no_new_privs"),
      ("without_limits", "resource limits"),
    ])
  func unprotected(_ launcher: String, _ missing: String) async throws {
    try await SkillHostHarness.run([SkillFixtures.example("echo")], runner: SkillFixtures.launcher(launcher)) { harness in
      let status = try #require(harness.status("echo.so"))
      #expect(status.state == .refused)
      #expect(status.detail?.contains(missing) == true, "\(status.detail ?? "")")
      #expect(harness.host.tools.isEmpty)
    }
  }

  @Test("a private root serves in place of Landlock")
  func withoutLandlock() async throws {
    let skills = [try SkillFixtures.example("echo")]
    try await SkillHostHarness.run(skills, runner: SkillFixtures.launcher("without_landlock")) { harness in
      let answer = try await harness.call("echo", ["text": "served"])
      #expect(answer == "served")
    }
  }
}
