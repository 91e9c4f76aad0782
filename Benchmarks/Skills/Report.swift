import Foundation

/// The figures of all rounds as one table, and the ratios that have a bar.
struct Report {
  enum Row: String, CaseIterable {
    case direct = "direct call of a C function"
    case preparedFFI = "the same, prepared libffi call"
    case trusted = "typed call, trusted, arguments checked"
    case trustedHost = "  the same, awaited"
    case roundTrip = "SOCK_SEQPACKET round trip"
    case isolated = "typed call, isolated, warm"
    case isolatedRequest = "JSON call with one capability request"
    case coldStart = "first call after a crash: runner start to answer"
    case hostStart = "host start with 100 skills"
  }

  private var samples: [Row: [[Double]]] = [:]

  /// Times of one round in nanoseconds.
  mutating func add(_ row: Row, _ times: [Double]) {
    samples[row, default: []].append(times)
  }

  var text: String {
    var lines = ["skills: times of \(samples[.direct]?.count ?? 0) rounds; p50 and p99 are medians of the rounds", ""]
    lines.append(columns("", "p50", "p99", "best p50"))
    for row in Row.allCases where samples[row] != nil {
      lines.append(
        columns(row.rawValue, time(p50(row)), time(median(row, 0.99)), time(samples[row]?.map { $0.quantile(0.5) }.min() ?? 0)))
    }
    lines.append("")
    lines.append(ratio(.trusted, .preparedFFI, bar: "at most 5"))
    lines.append(ratio(.isolated, .roundTrip, bar: "at most 2"))
    lines.append(ratio(.isolatedRequest, .roundTrip, bar: "at most 4"))
    return lines.joined(separator: "\n")
  }

  private func ratio(_ row: Row, _ other: Row, bar: String) -> String {
    let pairs = zip(samples[row] ?? [], samples[other] ?? []).map { $0.quantile(0.5) / $1.quantile(0.5) }
    let figures = [pairs.min() ?? 0, pairs.quantile(0.5)].map { String(format: "%.2f", $0) }
    return columns("\(row.rawValue) : \(other.rawValue)", figures[0], figures[1], bar)
  }

  private func p50(_ row: Row) -> Double { median(row, 0.5) }

  private func median(_ row: Row, _ share: Double) -> Double {
    (samples[row] ?? []).map { $0.quantile(share) }.quantile(0.5)
  }

  private func time(_ nanoseconds: Double) -> String {
    switch nanoseconds {
    case ..<1_000: String(format: "%.1f ns", nanoseconds)
    case ..<1_000_000: String(format: "%.2f µs", nanoseconds / 1_000)
    default: String(format: "%.2f ms", nanoseconds / 1_000_000)
    }
  }

  private func columns(_ name: String, _ figures: String...) -> String {
    let space = String(repeating: " ", count: max(1, 66 - name.count))
    return name + space + figures.map { String(repeating: " ", count: max(1, 14 - $0.count)) + $0 }.joined()
  }
}

extension [Double] {
  /// 0 when there is no value.
  func quantile(_ share: Double) -> Double {
    isEmpty ? 0 : sorted()[Swift.min(count - 1, Int(Double(count) * share))]
  }
}
