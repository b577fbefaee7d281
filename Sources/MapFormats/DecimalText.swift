/// Text made of bytes, with numbers in fixed-point notation: what `String(format:)` does, without Foundation.
package struct DecimalText {
  package private(set) var bytes: [UInt8] = []

  package init() {}

  package mutating func append(_ text: String) { bytes.append(contentsOf: text.utf8) }

  package mutating func append(_ value: Int) { append(String(value)) }

  /// Appends a value rounded to `decimals` places, half away from zero.
  ///
  /// - Precondition: the value is finite, and below 9·10¹⁸ once scaled by 10^decimals.
  package mutating func append(_ value: Double, decimals: Int) {
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
  package mutating func append(secondsOf nanos: Int64) {
    if nanos < 0 { bytes.append(UInt8(ascii: "-")) }
    append(String(nanos.magnitude / 1_000_000_000))
    bytes.append(UInt8(ascii: "."))
    let fraction = String(nanos.magnitude % 1_000_000_000)
    bytes.append(contentsOf: repeatElement(UInt8(ascii: "0"), count: 9 - fraction.utf8.count))
    append(fraction)
  }

  /// Appends the shortest text that reads back as the same value.
  package mutating func append(exactly value: Double) { append(value.description) }

  /// `value` with exactly `decimals` places; what is no number, or has no places worth writing, as Swift prints it.
  package static func fixed(_ value: Double, _ decimals: Int) -> String {
    guard abs(value) < 9e5 else { return "\(value)" }
    var text = DecimalText()
    text.append(value, decimals: decimals)
    return String(decoding: text.bytes, as: UTF8.self)
  }

  /// Nanoseconds as seconds with nine decimals, exactly.
  package static func seconds(nanos: Int64) -> String {
    var text = DecimalText()
    text.append(secondsOf: nanos)
    return String(decoding: text.bytes, as: UTF8.self)
  }
}
