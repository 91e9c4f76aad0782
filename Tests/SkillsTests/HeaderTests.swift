import Foundation
import Testing

@testable import Skills

@Suite("openclaw_skill.h", .timeLimit(.minutes(5)))
struct HeaderTests {
  struct Dialect: CustomTestStringConvertible {
    let compiler: String
    let standard: String

    var isCXX: Bool { standard.hasPrefix("c++") }
    var testDescription: String { "\(compiler) -std=\(standard)" }
  }

  /// A compiler that is not installed is left out; clang and clang++ belong to the Swift toolchain.
  static let dialects = [
    Dialect(compiler: "clang", standard: "c99"), Dialect(compiler: "clang", standard: "c11"),
    Dialect(compiler: "gcc", standard: "c99"), Dialect(compiler: "gcc", standard: "c11"),
    Dialect(compiler: "clang++", standard: "c++17"), Dialect(compiler: "g++", standard: "c++17"),
  ].filter { $0.compiler.hasPrefix("clang") || Compiler.isInstalled($0.compiler) }

  /// Uses every macro and calls every helper.
  private static let user = """
    #include "openclaw_skill.h"

    OC_SKILL_MANIFEST(OC_JSON({"abi": [1, 0], "id": "org.example.all", "version": "1.0.0", "tools": [
      {"name": "all", "symbol": "all", "call": "json"}]}));

    OC_EXPORT oc_status oc_open_v1(const oc_host *host, void **state) {
      *state = NULL;
      oc_log(host, OC_LOG_DEBUG, "open");
      return OC_OK;
    }

    OC_EXPORT oc_status all(const oc_call *call);
    OC_EXPORT oc_status all(const oc_call *call) {
      oc_slice answer;
      oc_json_tool self = all;
      oc_status status = oc_kv_get(call, "key", &answer);
      if (self == NULL || oc_cancelled(call)) return oc_fail(call, OC_CANCELLED, "stopped");
      if (status == OC_NOT_FOUND) status = oc_kv_put(call, "key", oc_text("1"));
      if (status == OC_OK) status = oc_kv_delete(call, "key");
      if (status == OC_OK) status = oc_request(call, "clock", oc_text("{}"), &answer);
      return status == OC_OK ? oc_reply(call, oc_bytes(answer.ptr, answer.len)) : oc_reply_text(call, "null");
    }
    """

  @Test("compiles without a warning, in C and in C++", arguments: dialects)
  func compiles(_ dialect: Dialect) throws {
    try Compiler.check(Self.user, dialect)
  }

  @Test("has the sizes and places of the ABI for every compiler", arguments: dialects.filter { $0.standard != "c99" })
  func golden(_ dialect: Dialect) throws {
    let golden = SkillFixtures.root.appending(path: "Sources/SkillABI/abi_golden.c").path
    try Compiler.check((dialect.isCXX ? "#define _Static_assert static_assert\n" : "") + "#include \"\(golden)\"\n", dialect)
  }
}

/// A C or C++ compiler of this machine.
enum Compiler {
  static func isInstalled(_ name: String) -> Bool {
    (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").contains {
      FileManager.default.isExecutableFile(atPath: "\($0)/\(name)")
    }
  }

  static func check(_ source: String, _ dialect: HeaderTests.Dialect) throws {
    let folder = try SkillFixtures.temporaryFolder()
    defer { try? FileManager.default.removeItem(at: folder) }
    let file = folder.appending(path: dialect.isCXX ? "user.cpp" : "user.c")
    try Data((source + "\n").utf8).write(to: file)
    let output = try SkillFixtures.run([
      dialect.compiler, "-std=\(dialect.standard)", "-pedantic", "-Wall", "-Wextra", "-Werror", "-fPIC", "-fvisibility=hidden",
      "-I", SkillFixtures.root.appending(path: "Sources/SkillABI/include").path, "-c", file.path, "-o", "/dev/null",
    ])
    #expect(output.status == 0, "\(output.text)")
  }
}
