import Foundation

/// Compiles the skill of this benchmark.
struct BenchLibrary {
  let folder: URL

  private static let source = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "bench.c")
  private static let header = source.deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .appending(path: "Sources/SkillABI/include")

  /// The bytes of a library with another build number in it.
  static func patch(_ library: Data, build: UInt64) throws -> Data {
    let mark = withUnsafeBytes(of: UInt64(0x6f70_656e_636c_6177)) { Data($0) }
    guard let place = library.range(of: mark) else { throw Problem("bench.so has no mark") }
    var patched = library
    withUnsafeBytes(of: build) { patched.replaceSubrange(place.upperBound..<place.upperBound + 8, with: $0) }
    return patched
  }

  /// One library; every number makes a skill of its own.
  func build(_ number: Int, as file: URL) throws {
    let compiler = Process()
    compiler.executableURL = URL(filePath: "/usr/bin/env")
    compiler.arguments = [
      "clang", "-O2", "-fPIC", "-fvisibility=hidden", "-shared", "-DNUMBER=\(number)", "-I", Self.header.path, Self.source.path,
      "-o", file.path,
    ]
    try compiler.run()
    compiler.waitUntilExit()
    guard compiler.terminationStatus == 0 else { throw Problem("bench.c does not compile") }
  }
}
