import Core
import Foundation
import Logging
import SkillBaseline
import Skills

/// Warm calls through a running skill host, isolated and trusted.
struct CallBenchmark {
  let library: BenchLibrary
  let folder: URL

  func run(into report: inout Report) async throws {
    for isTrusted in [false, true] {
      let host = try BenchHost(folder: folder, skills: 1, trustsAll: isTrusted, library: library)
      try await host.run { host in
        if isTrusted {
          report.add(.trusted, [try host.timeOfDirectCall(of: "scale", count: 1_000_000)])
          report.add(.trustedHost, try await host.times(of: "scale", count: 20_000, warmUp: 2_000))
        } else {
          report.add(.isolated, try await host.times(of: "scale", count: 20_000, warmUp: 2_000))
          report.add(.coldStart, try await host.timesAfterCrashes(count: 200))
          report.add(.isolatedRequest, try await host.times(of: "clock", count: 20_000, warmUp: 2_000))
        }
      }
    }
  }
}

/// How long it takes until skills serve.
struct StartBenchmark {
  let library: BenchLibrary
  let folder: URL

  func run(into report: inout Report) async throws {
    let host = try BenchHost(folder: folder, skills: 100, trustsAll: false, library: library)
    let start = baseline_now()
    try await host.run { host in
      report.add(.hostStart, [Double(baseline_now() - start)])
      try host.checkAllLoaded()
    }
  }
}
