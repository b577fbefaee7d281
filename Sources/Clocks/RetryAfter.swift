public import MediaModel

/// The header `Retry-After` of HTTP: how long a server asks its client to wait.
///
/// Source: RFC 9110 §10.2.3.
public enum RetryAfter {
  /// Reads the header.
  /// - Parameters:
  ///   - text: seconds, or a date as `Sun, 06 Nov 1994 08:49:37 GMT`; other forms of dates are obsolete.
  ///   - now: what a date is compared with.
  /// - Returns: `nil` when it is neither; zero for a date that has passed.
  public static func parse(_ text: some StringProtocol, now: WallTime) -> Nanoseconds? {
    if let seconds = UInt32(text) { return .seconds(Double(seconds)) }
    guard let date = date(String(text)) else { return nil }
    return max(.zero, date.since(now))
  }

  /// IMF-fixdate, RFC 9110 §5.6.7.
  private static func date(_ text: String) -> WallTime? {
    let words = text.split(separator: " ")
    guard words.count == 6, words[0].hasSuffix(","), words[5] == "GMT",
      let day = Int64(words[1]), (1...31).contains(day),
      let month = months.firstIndex(of: String(words[2])), let year = Int64(words[3]), (1970...9999).contains(year)
    else { return nil }
    let time = words[4].split(separator: ":").compactMap { Int64($0) }
    guard time.count == 3, (0...23).contains(time[0]), (0...59).contains(time[1]), (0...60).contains(time[2]) else {
      return nil
    }
    let seconds =
      days(year: year, month: Int64(month) + 1, day: day) * 86_400 + time[0] * 3_600 + time[1] * 60 + time[2]
    // 292 years from 1970 fit.
    guard seconds < Int64.max / 1_000_000_000 else { return nil }
    return WallTime(nanosSince1970: seconds * 1_000_000_000)
  }

  private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

  /// Days since 1970-01-01 in the Gregorian calendar, counted in eras of 400 years whose years begin in March
  /// (Hinnant, "chrono-Compatible Low-Level Date Algorithms", `days_from_civil`).
  private static func days(year: Int64, month: Int64, day: Int64) -> Int64 {
    let year = month <= 2 ? year - 1 : year
    let era = year / 400
    let yearOfEra = year - era * 400
    let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
    return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
  }
}
