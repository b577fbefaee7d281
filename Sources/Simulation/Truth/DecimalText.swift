/// Text made of bytes, with numbers in fixed-point notation: what `String(format:)` does, without Foundation.
struct DecimalText {
  private(set) var bytes: [UInt8] = []

  mutating func append(_ text: String) { bytes.append(contentsOf: text.utf8) }

  mutating func append(_ value: Int) { append(String(value)) }

  /// Appends a value rounded to `decimals` places, half away from zero.
  ///
  /// - Precondition: the value is finite, and below 9·10¹⁸ once scaled by 10^decimals.
  mutating func append(_ value: Double, decimals: Int) {
    var power: Int64 = 1
    for _ in 0..<decimals { power *= 10 }
    let scaled = Int64((value * Double(power)).rounded())
    if scaled < 0 { bytes.append(UInt8(ascii: "-")) }
    let magnitude = scaled.magnitude
    append(String(magnitude / power.magnitude))
    guard decimals > 0 else { return }
    bytes.append(UInt8(ascii: "."))
    let fraction = String(magnitude % power.magnitude)
    bytes.append(contentsOf: repeatElement(UInt8(ascii: "0"), count: decimals - fraction.utf8.count))
    append(fraction)
  }

  /// Appends nanoseconds as seconds with nine decimals, exactly.
  mutating func append(secondsOf nanos: Int64) {
    if nanos < 0 { bytes.append(UInt8(ascii: "-")) }
    append(String(nanos.magnitude / 1_000_000_000))
    bytes.append(UInt8(ascii: "."))
    let fraction = String(nanos.magnitude % 1_000_000_000)
    bytes.append(contentsOf: repeatElement(UInt8(ascii: "0"), count: 9 - fraction.utf8.count))
    append(fraction)
  }

  /// Appends the shortest text that reads back as the same value.
  mutating func append(exactly value: Double) { append(value.description) }
}
