import MediaModel

/// Times as text, without Foundation.
package enum TimeText {
  /// `2026-11-29T06:00:00.123Z`, rounded down to milliseconds. Source: RFC 3339.
  package static func utc(_ time: WallTime) -> String {
    let millis = time.nanosSince1970.flooredQuotient(1_000_000)
    let (days, inDay) = (millis.flooredQuotient(86_400_000), millis.flooredRemainder(86_400_000))
    let date = civilDate(daysSince1970: days)
    return "\(padded(date.year, 4))-\(padded(date.month, 2))-\(padded(date.day, 2))T" + clock(millis: inDay, ".") + "Z"
  }

  /// `01:02:03,456`, as subtitles have it; hours go on beyond 99.
  package static func subtitle(_ length: Nanoseconds) -> String { clock(millis: max(0, length.value) / 1_000_000, ",") }

  private static func clock(millis: Int64, _ separator: String) -> String {
    let seconds = millis / 1_000
    return "\(padded(seconds / 3_600, 2)):\(padded(seconds / 60 % 60, 2)):\(padded(seconds % 60, 2))\(separator)"
      + padded(millis % 1_000, 3)
  }

  private static func padded(_ value: Int64, _ width: Int) -> String {
    let digits = String(value)
    return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
  }

  /// Source: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", `civil_from_days`.
  private static func civilDate(daysSince1970: Int64) -> (year: Int64, month: Int64, day: Int64) {
    let shifted = daysSince1970 + 719_468
    let era = shifted.flooredQuotient(146_097)
    let dayOfEra = shifted - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shiftedMonth = (5 * dayOfYear + 2) / 153
    let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
    return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * shiftedMonth + 2) / 5 + 1)
  }
}

extension Int64 {
  fileprivate func flooredQuotient(_ divisor: Int64) -> Int64 { (self - flooredRemainder(divisor)) / divisor }
  fileprivate func flooredRemainder(_ divisor: Int64) -> Int64 { (self % divisor + divisor) % divisor }
}
