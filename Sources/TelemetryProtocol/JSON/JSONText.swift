/// JSON strings, RFC 8259 §7.
public enum JSONText {
  /// The text of a string whose bytes are `quoted`, quotes included, and whose grammar is checked already. Half of a
  /// surrogate pair becomes U+FFFD.
  static func decode(_ quoted: UnsafeRawBufferPointer) -> String {
    let inner = quoted.dropFirst().dropLast()
    guard inner.contains(UInt8(ascii: "\\")) else { return String(decoding: inner, as: UTF8.self) }
    return String(decoding: unescape(inner), as: UTF8.self)
  }

  private static func unescape(_ inner: some Sequence<UInt8>) -> [UInt8] {
    var output: [UInt8] = []
    output.reserveCapacity(inner.underestimatedCount)
    var bytes = inner.makeIterator()
    var high: UInt32?
    while let byte = bytes.next() {
      guard byte == UInt8(ascii: "\\") else {
        flush(&high, into: &output)
        output.append(byte)
        continue
      }
      guard let kind = bytes.next() else { break }
      guard kind == UInt8(ascii: "u") else {
        flush(&high, into: &output)
        output.append(control(kind))
        continue
      }
      var unit: UInt32 = 0
      for _ in 0..<4 { unit = unit << 4 | UInt32(bytes.next().flatMap(hexValue) ?? 0) }
      append(unit, high: &high, to: &output)
    }
    flush(&high, into: &output)
    return output
  }

  private static func append(_ unit: UInt32, high: inout UInt32?, to output: inout [UInt8]) {
    if let first = high, (0xDC00...0xDFFF).contains(unit) {
      high = nil
      append(scalar: 0x10000 + (first - 0xD800) << 10 + (unit - 0xDC00), to: &output)
      return
    }
    flush(&high, into: &output)
    if (0xD800...0xDBFF).contains(unit) { high = unit } else { append(scalar: unit, to: &output) }
  }

  private static func flush(_ high: inout UInt32?, into output: inout [UInt8]) {
    guard high != nil else { return }
    high = nil
    append(scalar: 0xFFFD, to: &output)
  }

  private static func append(scalar: UInt32, to output: inout [UInt8]) {
    let scalar = Unicode.Scalar(scalar) ?? "\u{FFFD}"
    output.append(contentsOf: String(Character(scalar)).utf8)
  }

  private static func control(_ kind: UInt8) -> UInt8 {
    switch kind {
    case UInt8(ascii: "b"): 0x08
    case UInt8(ascii: "f"): 0x0C
    case UInt8(ascii: "n"): 0x0A
    case UInt8(ascii: "r"): 0x0D
    case UInt8(ascii: "t"): 0x09
    default: kind
    }
  }

  static func hexValue(_ digit: UInt8) -> UInt8? {
    switch digit {
    case 0x30...0x39: digit - 0x30
    case 0x41...0x46: digit - 0x41 + 10
    case 0x61...0x66: digit - 0x61 + 10
    default: nil
    }
  }

  /// `text` as a JSON string, quotes included: quotes, backslashes and characters below U+0020 are escaped, everything
  /// else stands as it is.
  public static func encode(_ text: String) -> String {
    var output = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": output += "\\\""
      case "\\": output += "\\\\"
      case "\n": output += "\\n"
      case "\r": output += "\\r"
      case "\t": output += "\\t"
      case _ where scalar.value < 0x20:
        output += "\\u00" + (scalar.value < 0x10 ? "0" : "") + String(scalar.value, radix: 16)
      default: output.unicodeScalars.append(scalar)
      }
    }
    return output + "\""
  }
}
