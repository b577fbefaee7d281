import Logging

/// One log record on its way to text.
struct LogLine {
  var wallNanos: Int64
  var level: Logger.Level
  var label: String
  var message: String
  var metadata: [(key: String, value: String)]

  var text: String {
    var line = "\(Self.timestamp(wallNanos)) \(level.rawValue) \(label) \(Self.oneLine(message))"
    for (key, value) in metadata { line += " \(key)=\(Self.logfmt(value))" }
    return line + "\n"
  }

  var json: String {
    var pairs = [
      ("time", Self.timestamp(wallNanos)), ("level", level.rawValue), ("logger", label), ("message", message),
    ]
    let taken = Set(pairs.map(\.0))
    for (key, value) in metadata { pairs.append((taken.contains(key) ? "metadata." + key : key, value)) }
    return "{" + pairs.map { "\(Self.jsonString($0)):\(Self.jsonString($1))" }.joined(separator: ",") + "}\n"
  }

  /// RFC 3339 in UTC with milliseconds.
  static func timestamp(_ nanosSince1970: Int64) -> String {
    let millis = nanosSince1970 / 1_000_000
    let (days, inDay) = millis.floorDivided(by: 86_400_000)
    let (year, month, day) = civilDate(daysSince1970: days)
    let time = [inDay / 3_600_000, inDay / 60_000 % 60, inDay / 1000 % 60].map { padded($0, 2) }
    let date = "\(padded(year, 4))-\(padded(month, 2))-\(padded(day, 2))"
    return "\(date)T\(time.joined(separator: ":")).\(padded(inDay % 1000, 3))Z"
  }

  /// Days since 1970-01-01 to year, month and day of the proleptic Gregorian calendar.
  ///
  /// Source: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", `civil_from_days`.
  private static func civilDate(daysSince1970: Int64) -> (year: Int64, month: Int64, day: Int64) {
    let (era, dayOfEra) = (daysSince1970 + 719_468).floorDivided(by: 146_097)
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shiftedMonth = (5 * dayOfYear + 2) / 153
    let day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
    let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
    return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day)
  }

  private static func padded(_ number: Int64, _ width: Int) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
  }

  /// A value as logfmt writes it: quoted when it is empty or has a space, quote, equals sign or control character.
  static func logfmt(_ value: String) -> String {
    let isPlain = value.unicodeScalars.allSatisfy { $0.value > 0x20 && $0 != "\"" && $0 != "=" && $0.value != 0x7F }
    return isPlain && !value.isEmpty ? value : jsonString(value)
  }

  /// A message with control characters escaped, so that nobody can forge a second record.
  private static func oneLine(_ text: String) -> String {
    guard text.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7F }) else { return text }
    return String(jsonString(text).dropFirst().dropLast())
  }

  /// RFC 8259 §7.
  static func jsonString(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      case "\r": result += "\\r"
      case "\t": result += "\\t"
      case _ where scalar.value < 0x20 || scalar.value == 0x7F:
        let digits = String(scalar.value, radix: 16)
        result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }
}

extension Int64 {
  /// Quotient rounded down, and the remainder, which is never negative.
  fileprivate func floorDivided(by divisor: Int64) -> (quotient: Int64, remainder: Int64) {
    let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
    return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
  }
}
