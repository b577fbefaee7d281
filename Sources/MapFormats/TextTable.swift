/// Lines of numbers, separated by spaces or commas; `#` starts a comment line.
struct TextTable {
  /// Lines that one file may have; a day of samples at 1 kHz would be ten times as many.
  static let maximalLines = 10_000_000

  let format: String
  let fields: Int

  /// Calls `body` with the fields of each line that has content.
  func forEachLine(
    of text: String, _ body: (_ fields: [Substring], _ line: Int) throws(MapFormatError) -> Void
  ) throws(MapFormatError) {
    var number = 0
    for line in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline) {
      number += 1
      guard number <= Self.maximalLines else { throw .tooLarge(format: format, limit: Self.maximalLines) }
      let content = line.drop { $0 == " " || $0 == "\t" || $0 == "\r" }
      guard let first = content.first, first != "#" else { continue }
      let parts = content.split { $0 == " " || $0 == "," || $0 == "\t" || $0 == "\r" }
      guard parts.count >= fields else {
        throw .line(format: format, number: number, reason: "\(parts.count) of \(fields) fields")
      }
      try body(parts, number)
    }
  }

  /// A finite number.
  func number(_ field: Substring, _ line: Int) throws(MapFormatError) -> Double {
    guard let value = Double(field), value.isFinite else {
      throw .line(format: format, number: line, reason: "“\(field.prefix(40))” is no finite number")
    }
    return value
  }

  /// A time in nanoseconds, written as seconds; exact to the nanosecond, which a double is not for times since 1970.
  func nanos(ofSeconds field: Substring, _ line: Int) throws(MapFormatError) -> Int64 {
    let parts = field.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
    if let whole = Int64(parts[0]), abs(whole) < 9_000_000_000 {
      let digits = parts.count > 1 ? parts[1] : ""
      if digits.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) {
        let padded = String(digits.prefix(9)) + String(repeating: "0", count: max(0, 9 - digits.count))
        let fraction = Int64(padded) ?? 0
        return whole * 1_000_000_000 + (parts[0].hasPrefix("-") ? -fraction : fraction)
      }
    }
    let seconds = try number(field, line)
    guard abs(seconds) < 9e9 else {
      throw .line(format: format, number: line, reason: "a time of \(field.prefix(40)) seconds")
    }
    return Int64((seconds * 1e9).rounded())
  }

  /// A time in whole nanoseconds.
  func nanos(_ field: Substring, _ line: Int) throws(MapFormatError) -> Int64 {
    guard let value = Int64(field) else {
      throw .line(format: format, number: line, reason: "“\(field.prefix(40))” is no number of nanoseconds")
    }
    return value
  }
}
