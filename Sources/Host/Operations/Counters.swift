import Synchronization

/// The name, meaning and label names of one metric. Label values must come from a closed set: a configured name, a stable
/// code, never a chat id or a path from outside.
package struct MetricFamily: Sendable, Hashable {
  /// Prometheus name, such as `openclaw_refusals_total`.
  package let name: String
  /// One line of help.
  package let help: String
  /// Label names; the values of `Counters.add` are in this order.
  package let labels: [String]

  /// Families of one name must be equal: keep them as static constants of the room that counts.
  package init(_ name: String, help: String, labels: [String] = []) {
    self.name = name
    self.help = help
    self.labels = labels
  }
}

/// All counters of the process, and gauges that are read when somebody asks. Safe from any thread; no call ever waits long.
package final class Counters: Sendable {
  /// How many label combinations a family may hold. Everything past it is counted under `other`, so that a mistake in a
  /// label cannot eat the memory.
  package static let maximumSeries = 256

  private struct Family {
    let definition: MetricFamily
    var series: [[String]: UInt64] = [:]
  }

  private struct Gauge {
    let definition: MetricFamily
    let read: @Sendable () -> Int64
  }

  private struct State {
    var families: [String: Family] = [:]
    var gauges: [String: Gauge] = [:]
  }

  private let state = Mutex(State())

  /// An empty registry; families appear when they are first counted.
  package init() {}

  /// Adds to the series with these label values, in the order of the family's labels. A missing value is a mistake in the
  /// caller's source and stops the process.
  package func add(_ amount: UInt64 = 1, to family: MetricFamily, _ values: String...) {
    precondition(values.count == family.labels.count, "one value for each label of \(family.name)")
    state.withLock { state in
      Self.add(amount, to: &state.families[family.name, default: Family(definition: family)], values)
    }
  }

  private static func add(_ amount: UInt64, to family: inout Family, _ values: [String]) {
    if family.series[values] == nil, family.series.count >= maximumSeries {
      family.series[values.map { _ in "other" }, default: 0] &+= amount
    } else {
      family.series[values, default: 0] &+= amount
    }
  }

  /// The present value of one series; 0 when it was never counted.
  package func value(of family: MetricFamily, _ values: String...) -> UInt64 {
    state.withLock { $0.families[family.name]?.series[values] ?? 0 }
  }

  /// Registers a gauge without labels. `read` is called at each exposition, outside every lock of this type, and must be quick.
  package func gauge(_ family: MetricFamily, read: @escaping @Sendable () -> Int64) {
    state.withLock { $0.gauges[family.name] = Gauge(definition: family, read: read) }
  }

  /// Everything in the Prometheus text format, version 0.0.4, sorted by name and labels.
  package func exposition() -> String {
    let (families, gauges) = state.withLock { (Array($0.families.values), Array($0.gauges.values)) }
    var blocks: [(name: String, text: String)] = []
    for family in families {
      var text = Self.header(of: family.definition, kind: "counter")
      for (values, value) in family.series.sorted(by: { $0.key.lexicographicallyPrecedes($1.key) }) {
        text += "\(family.definition.name)\(Self.labels(family.definition.labels, values)) \(value)\n"
      }
      blocks.append((family.definition.name, text))
    }
    for gauge in gauges {
      let text = Self.header(of: gauge.definition, kind: "gauge") + "\(gauge.definition.name) \(gauge.read())\n"
      blocks.append((gauge.definition.name, text))
    }
    return blocks.sorted { $0.name < $1.name }.map(\.text).joined()
  }

  private static func header(of definition: MetricFamily, kind: String) -> String {
    "# HELP \(definition.name) \(escaped(definition.help, quotes: false))\n# TYPE \(definition.name) \(kind)\n"
  }

  private static func labels(_ names: [String], _ values: [String]) -> String {
    guard !names.isEmpty else { return "" }
    let pairs = zip(names, values).map { "\($0)=\"\(escaped($1, quotes: true))\"" }
    return "{\(pairs.joined(separator: ","))}"
  }

  private static func escaped(_ text: String, quotes: Bool) -> String {
    var output = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\\": output += "\\\\"
      case "\n": output += "\\n"
      case "\"" where quotes: output += "\\\""
      default: output.unicodeScalars.append(scalar)
      }
    }
    return output
  }
}
