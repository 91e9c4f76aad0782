package import Core

/// A timestamp as calendar fields in UTC, for the few places that print times on a hot path.
package struct CivilTime: Sendable, Equatable {
  /// 1…9999
  package let year: Int
  /// 1…12
  package let month: Int
  /// 1…31
  package let day: Int
  /// 0…23
  package let hour: Int
  /// 0…59
  package let minute: Int
  /// 0…59; leap seconds do not exist in Unix time.
  package let second: Int
  /// 0…999
  package let millisecond: Int
  /// 0 is Sunday.
  package let weekday: Int

  /// The fields of `time` in the proleptic Gregorian calendar. Total for years 1 to 9999.
  package init(_ time: Timestamp) {
    let seconds = time.seconds
    let days = Self.floorDivide(seconds, by: 86_400)
    let secondOfDay = Int(seconds - days * 86_400)
    hour = secondOfDay / 3600
    minute = secondOfDay / 60 % 60
    second = secondOfDay % 60
    millisecond = Int(time.milliseconds &- seconds &* 1000)
    weekday = Int((days % 7 + 11) % 7)
    // Years start in March here, so that the leap day is the last of its year; eras of 400 years repeat exactly.
    let shifted = days + 719_468
    let era = Self.floorDivide(shifted, by: 146_097)
    let dayOfEra = Int(shifted - era * 146_097)
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shiftedMonth = (5 * dayOfYear + 2) / 153
    day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
    month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
    year = yearOfEra + Int(era) * 400 + (month <= 2 ? 1 : 0)
  }

  /// `2026-11-23T20:15:04.123Z` (RFC 3339).
  package var rfc3339: String {
    var text: [UInt8] = []
    text.reserveCapacity(24)
    Self.append(year, digits: 4, to: &text)
    text.append(UInt8(ascii: "-"))
    Self.append(month, digits: 2, to: &text)
    text.append(UInt8(ascii: "-"))
    Self.append(day, digits: 2, to: &text)
    text.append(UInt8(ascii: "T"))
    appendClock(to: &text)
    text.append(UInt8(ascii: "."))
    Self.append(millisecond, digits: 3, to: &text)
    text.append(UInt8(ascii: "Z"))
    return String(decoding: text, as: UTF8.self)
  }

  /// `Mon, 23 Nov 2026 20:15:04 GMT` (RFC 9110 §5.6.7), for the `Date` header.
  package var httpDate: String {
    var text: [UInt8] = []
    text.reserveCapacity(29)
    text.append(contentsOf: Self.weekdays[weekday].utf8)
    text.append(contentsOf: ", ".utf8)
    Self.append(day, digits: 2, to: &text)
    text.append(UInt8(ascii: " "))
    text.append(contentsOf: Self.months[month - 1].utf8)
    text.append(UInt8(ascii: " "))
    Self.append(year, digits: 4, to: &text)
    text.append(UInt8(ascii: " "))
    appendClock(to: &text)
    text.append(contentsOf: " GMT".utf8)
    return String(decoding: text, as: UTF8.self)
  }

  private func appendClock(to text: inout [UInt8]) {
    Self.append(hour, digits: 2, to: &text)
    text.append(UInt8(ascii: ":"))
    Self.append(minute, digits: 2, to: &text)
    text.append(UInt8(ascii: ":"))
    Self.append(second, digits: 2, to: &text)
  }

  private static let weekdays = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
  private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

  private static func append(_ value: Int, digits: Int, to text: inout [UInt8]) {
    var divisor = 1
    for _ in 1..<digits { divisor *= 10 }
    while divisor > 0 {
      text.append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: value / divisor % 10))
      divisor /= 10
    }
  }

  private static func floorDivide(_ value: Int64, by divisor: Int64) -> Int64 {
    let quotient = value / divisor
    return value % divisor < 0 ? quotient - 1 : quotient
  }
}
