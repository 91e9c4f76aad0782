import Foundation

/// The rounds as one table, and the two ratios that have a bar.
struct Report {
  let rounds: [Round]

  var text: String {
    var lines = [
      "gateway: signed webhook events, \(rounds.count) rounds, min / median",
      "",
      row("", "events/s", "p50 µs", "p99 µs", "CPU µs/event", "of bare", "of verifying"),
    ]
    for connections in Round.connections {
      lines.append("\(connections) connection\(connections == 1 ? "" : "s")")
      for server in ServerProcess.Kind.allCases {
        let key = Round.Key(server: server, connections: connections)
        lines.append(
          row(
            "  \(server.name)", figures(key) { $0.rate }, figures(key) { $0.p50 }, figures(key) { $0.p99 },
            figures(key) { $0.processor }, share(key, of: .bare), share(key, of: .verifying)))
      }
    }
    lines += ["", row("append + fdatasync", "", spread(rounds.map(\.sync)), "", "", "", ""), ""]
    return (lines + ratios + backlog).joined(separator: "\n")
  }

  private var ratios: [String] {
    let one = Round.Key(server: .openclaw, connections: 1)
    let latency = rounds.compactMap { round in round.samples[one].map { $0.p50 / (round.sync + 300) } }
    let excess = rounds.compactMap { round in round.samples[one].map { $0.p50 - round.sync } }
    let many = Round.Key(server: .openclaw, connections: 64)
    return [
      "1 connection, p50 : (fdatasync + 300 µs)        \(spread(latency, digits: 2))   (bar: at most 1)",
      "1 connection, p50 - fdatasync, µs               \(spread(excess))   (bar: at most 300)",
      "64 connections, events/s : verifying's          \(spread(ratio(many, .verifying), digits: 2))   (bar: at least 0.40)",
    ]
  }

  private var backlog: [String] {
    let backlogs = rounds.compactMap(\.backlog)
    return [
      "",
      "events answered/s while 64 connections send     \(spread(backlogs.map(\.duringLoad)))",
      "events waiting when they stop                   \(spread(backlogs.map { Double($0.waiting) }))",
      "events answered/s from then on                  \(spread(backlogs.map(\.afterLoad)))",
      "events still waiting when the wait was ended    \(spread(backlogs.map { Double($0.left) }))",
    ]
  }

  private func figures(_ key: Round.Key, _ value: (Round.Sample) -> Double) -> String {
    spread(rounds.compactMap { $0.samples[key].map(value) })
  }

  private func share(_ key: Round.Key, of other: ServerProcess.Kind) -> String {
    key.server == other ? "" : spread(ratio(key, other), digits: 2)
  }

  /// Within each round, of events per second.
  private func ratio(_ key: Round.Key, _ other: ServerProcess.Kind) -> [Double] {
    rounds.compactMap { round in
      guard let own = round.samples[key], let its = round.samples[.init(server: other, connections: key.connections)] else {
        return nil
      }
      return own.rate / its.rate
    }
  }

  private func spread(_ values: [Double], digits: Int = 0) -> String {
    [values.min() ?? 0, values.median].map { String(format: "%.\(digits)f", $0) }.joined(separator: " / ")
  }

  private func row(_ name: String, _ columns: String...) -> String {
    ([name.padded(to: -20)] + columns.map { $0.padded(to: 17) }).joined()
  }
}

extension String {
  /// To the right in `width` columns, or to the left when it is negative.
  fileprivate func padded(to width: Int) -> String {
    let space = String(repeating: " ", count: max(0, abs(width) - count))
    return width < 0 ? self + space : space + self
  }
}
