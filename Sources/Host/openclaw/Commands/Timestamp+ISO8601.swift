import Core
import Foundation

extension Timestamp {
  /// As people and programs read it: `2026-05-01T12:00:00Z`, without fractions of a second.
  var iso8601: String { Date(timeIntervalSince1970: Double(milliseconds) / 1000).ISO8601Format() }
}
