import Core
import Foundation
import Logging
import SkillBaseline
import Skills

/// What a call of a tool costs, beside the least that a machine can do: `skill-benchmark [rounds]`. What reloads cost, and whether
/// somebody notices: `skill-benchmark reload [count]`.
@main
struct SkillBenchmark {
  static func main() async {
    do {
      let arguments = CommandLine.arguments.dropFirst()
      let folder = FileManager.default.temporaryDirectory.appending(path: "skill-benchmark-\(UUID().uuidString)")
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
      defer { try? FileManager.default.removeItem(at: folder) }
      let library = BenchLibrary(folder: folder)
      if arguments.first == "reload" {
        let count = arguments.dropFirst().first.flatMap { Int($0) } ?? 1000
        print(try await ReloadBenchmark(library: library, folder: folder, count: count).run())
        return
      }
      let rounds = arguments.first.flatMap { Int($0) } ?? 3
      var report = Report()
      for _ in 0..<rounds {
        try Baseline.measure(into: &report)
        try await CallBenchmark(library: library, folder: folder).run(into: &report)
        try await StartBenchmark(library: library, folder: folder).run(into: &report)
      }
      print(report.text)
    } catch {
      FileHandle.standardError.write(Data("skill-benchmark: \(error)\n".utf8))
      exit(70)
    }
  }
}

/// The bare things that calls are compared with.
enum Baseline {
  static func measure(into report: inout Report) throws {
    report.add(.direct, [baseline_direct_call(2_000_000)])
    report.add(.preparedFFI, [baseline_prepared_ffi_call(2_000_000)])
    var times = [UInt64](repeating: 0, count: 50_000)
    // As many bytes as the frames of the typed call below have.
    guard baseline_packet_round_trips(110, 40, &times, UInt32(times.count)) == 0 else { throw Problem("no socket pair") }
    report.add(.roundTrip, times.map { Double($0) })
  }
}

struct Problem: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}
