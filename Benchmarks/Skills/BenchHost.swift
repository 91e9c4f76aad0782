import Core
import Crypto
import Foundation
import Logging
import SkillBaseline
import Skills

/// A skill host of its own over a folder of benchmark skills.
final class BenchHost: Sendable {
  private let host: SkillHost
  let plugins: URL
  private let skills: Int

  init(folder: URL, skills: Int, trustsAll: Bool, library: BenchLibrary) throws {
    self.skills = skills
    plugins = folder.appending(path: "plugins-\(skills)")
    try FileManager.default.createDirectory(at: plugins, withIntermediateDirectories: true)
    var trusted: Set<String> = []
    for number in 0..<skills {
      let file = plugins.appending(path: "bench\(number).so")
      if !FileManager.default.fileExists(atPath: file.path) { try library.build(number, as: file) }
      if trustsAll {
        trusted.insert(SHA256.hash(data: try Data(contentsOf: file)).map { String(format: "%02x", $0) }.joined())
      }
    }
    let products = URL(filePath: try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe"))
      .deletingLastPathComponent()
    var logger = Logger(label: "benchmark")
    logger.logLevel = .critical
    var limits = SkillLimits()
    // It crashes on purpose.
    limits.crashes.limit = .max
    limits.crashes.firstDelay = .zero
    host = SkillHost(
      SkillHostConfiguration(
        plugins: plugins.path, data: folder.appending(path: "data").path,
        runner: products.appending(path: "openclaw-runner").path, trustedBuilds: trusted, limits: limits),
      services: CapabilityServices(store: NoValues(), policy: EverythingAllowed()), logger: logger)
    try FileManager.default.createDirectory(at: folder.appending(path: "data"), withIntermediateDirectories: true)
  }

  /// Runs `body` beside the host, once the folder has been read.
  func run(_ body: (BenchHost) async throws -> Void) async throws {
    let service = Task { try await host.run() }
    await host.waitUntilScanned()
    let outcome: Result<Void, any Error>
    do {
      outcome = .success(try await body(self))
    } catch {
      outcome = .failure(error)
    }
    service.cancel()
    _ = await service.result
    try outcome.get()
  }

  func checkAllLoaded() throws {
    let loaded = host.status().filter { $0.state == .loaded }.count
    guard loaded == skills else { throw Problem("only \(loaded) of \(skills) skills are loaded") }
  }

  /// The time of one direct call, measured over `count` of them: a clock costs as much as half a call.
  func timeOfDirectCall(of tool: String, count: Int) throws -> Double {
    let call = try call(of: tool)
    guard let direct = host.directTool(for: call.tool) else { throw Problem("\(tool) cannot be called directly") }
    let start = baseline_now()
    for _ in 0..<count {
      guard try direct.call(call.arguments) != nil else { throw Problem("\(tool) was not called") }
    }
    return Double(baseline_now() - start) / Double(count)
  }

  /// The time of the first call after each of `count` crashes, which starts a runner.
  func timesAfterCrashes(count: Int) async throws -> [Double] {
    let (crash, scale) = (try call(of: "crash"), try call(of: "scale"))
    return try await withTaskExecutorPreference(CallThreads.shared) {
      var times: [Double] = []
      for _ in 0..<count {
        guard (try? await host.call(crash)) == nil else { throw Problem("no crash") }
        let start = baseline_now()
        _ = try await host.call(scale)
        times.append(Double(baseline_now() - start))
      }
      return times
    }
  }

  /// The build number that answers now.
  func buildNumber() async throws -> Int64? {
    try await host.call(try call(of: "build")).integer
  }

  private func call(of tool: String) throws -> ToolCall {
    guard let tool = host.tool(named: "bench-0.\(tool)") else { throw Problem("no tool \(tool)") }
    let arguments: JSON = tool.parameters.isEmpty ? [:] : ["x": .double(1.5), "unit": "km", "n": 3]
    return ToolCall(
      tool: tool, arguments: arguments, requestID: RequestID(), requester: "playground:alice", idempotencyKey: "benchmark")
  }

  /// One call after the other; the time of each in nanoseconds.
  func times(of tool: String, count: Int, warmUp: Int) async throws -> [Double] {
    let call = try call(of: tool)
    // As the service's workers do it.
    return try await withTaskExecutorPreference(CallThreads.shared) {
      for _ in 0..<warmUp { _ = try await host.call(call) }
      var times: [Double] = []
      times.reserveCapacity(count)
      for _ in 0..<count {
        let start = baseline_now()
        _ = try await host.call(call)
        times.append(Double(baseline_now() - start))
      }
      return times
    }
  }
}

private struct EverythingAllowed: CapabilityPolicy {
  func mayUse(skill: String, capability: String, effect: Effect, requester: String) async -> Bool { true }
}

/// A storage in which nothing can be kept.
private struct NoValues: SkillKeyValueStore {
  func value(forKey key: String, of skill: String) async throws -> JSON? { nil }
  func set(_ value: JSON?, forKey key: String, of skill: String) async throws -> Bool { false }
  func entries(withPrefix prefix: String, limit: Int, of skill: String) async throws -> [(key: String, value: JSON)] { [] }
}
