import Core

/// The forms in which the platform writes a point in time.
enum QQTime {
  /// `^[0-9]{1,20}$`: the only shape of a signed time.
  static func isUnixSeconds(_ text: String) -> Bool {
    (1...20).contains(text.utf8.count) && text.utf8.allSatisfy(\.isDecimalDigit)
  }

  /// Unix seconds as a number or as digits, or RFC 3339; nil for anything else.
  static func parse(_ value: JSON?) -> Timestamp? {
    switch value {
    case .integer(let seconds): Timestamp(seconds: seconds)
    case .string(let text): isUnixSeconds(text) ? Int64(text).map { Timestamp(seconds: $0) } : parse(rfc3339: text)
    default: nil
    }
  }

  /// `2026-05-28T20:26:40+08:00`, with an optional fraction that is dropped.
  static func parse(rfc3339 text: String) -> Timestamp? {
    let bytes = Array(text.utf8)
    guard (20...64).contains(bytes.count), bytes[4] == UInt8(ascii: "-"), bytes[7] == UInt8(ascii: "-"),
      bytes[10] | 0x20 == UInt8(ascii: "t"), bytes[13] == UInt8(ascii: ":"), bytes[16] == UInt8(ascii: ":"),
      let year = number(bytes[0..<4]), let month = number(bytes[5..<7]), let day = number(bytes[8..<10]),
      let hour = number(bytes[11..<13]), let minute = number(bytes[14..<16]), let second = number(bytes[17..<19]),
      (1...12).contains(month), (1...31).contains(day), hour < 24, minute < 60, second <= 60,
      let offset = offset(bytes[19...])
    else { return nil }
    return Timestamp(seconds: days(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second - offset)
  }

  /// Seconds east of Greenwich from `Z` or `+08:00`, after an optional fraction.
  private static func offset(_ suffix: ArraySlice<UInt8>) -> Int64? {
    var rest = suffix
    if rest.first == UInt8(ascii: ".") {
      rest = rest.dropFirst().drop(while: \.isDecimalDigit)
    }
    guard let sign = rest.first else { return nil }
    if sign | 0x20 == UInt8(ascii: "z") { return rest.count == 1 ? 0 : nil }
    let digits = Array(rest.dropFirst())
    guard sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-"), digits.count == 5, digits[2] == UInt8(ascii: ":"),
      let hours = number(digits[0..<2]), let minutes = number(digits[3..<5]), hours < 24, minutes < 60
    else { return nil }
    let seconds = hours * 3600 + minutes * 60
    return sign == UInt8(ascii: "-") ? -seconds : seconds
  }

  private static func number(_ digits: ArraySlice<UInt8>) -> Int64? {
    digits.allSatisfy(\.isDecimalDigit) ? Int64(String(decoding: digits, as: UTF8.self)) : nil
  }

  /// Days since 1970-01-01 in the proleptic Gregorian calendar. Years begin in March here, so that the leap day ends them.
  private static func days(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
    let shifted = month <= 2 ? year - 1 : year
    let era = (shifted >= 0 ? shifted : shifted - 399) / 400
    let yearOfEra = shifted - era * 400
    let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
    return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
  }
}
