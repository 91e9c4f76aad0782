/// A point in wall-clock time, in milliseconds since the Unix epoch (UTC).
package struct Timestamp: Hashable, Comparable, Sendable {
  package var milliseconds: Int64

  package init(milliseconds: Int64) {
    self.milliseconds = milliseconds
  }

  package init(seconds: Int64) {
    let (product, overflow) = seconds.multipliedReportingOverflow(by: 1000)
    self.milliseconds = overflow ? (seconds < 0 ? .min : .max) : product
  }

  /// Whole seconds since the epoch, rounded down.
  package var seconds: Int64 {
    milliseconds / 1000 - (milliseconds % 1000 < 0 ? 1 : 0)
  }

  /// The time `duration` later. Saturates instead of overflowing.
  package func advanced(by duration: Duration) -> Timestamp {
    let (seconds, attoseconds) = duration.components
    let added = Timestamp(seconds: seconds).milliseconds
    let (whole, overflow) = added.addingReportingOverflow(attoseconds / 1_000_000_000_000_000)
    guard !overflow else { return Timestamp(milliseconds: added) }
    let (sum, sumOverflow) = milliseconds.addingReportingOverflow(whole)
    return Timestamp(milliseconds: sumOverflow ? (whole < 0 ? .min : .max) : sum)
  }

  /// How long after `earlier` this is; negative when it is before.
  package func since(_ earlier: Timestamp) -> Duration {
    let (difference, overflow) = milliseconds.subtractingReportingOverflow(earlier.milliseconds)
    return .milliseconds(overflow ? (milliseconds < 0 ? Int64.min : Int64.max) : difference)
  }

  package static func < (left: Timestamp, right: Timestamp) -> Bool {
    left.milliseconds < right.milliseconds
  }
}

extension Timestamp: Codable {
  package init(from decoder: any Decoder) throws {
    milliseconds = try decoder.singleValueContainer().decode(Int64.self)
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(milliseconds)
  }
}
