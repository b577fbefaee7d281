/// A time-based unique identifier, as Rerun names rows and chunks. Later ones of one recording are larger.
public struct RerunID: Hashable, Sendable {
  /// Nanoseconds since 1970.
  public var nanos: UInt64
  public var increment: UInt64

  public init(nanos: UInt64, increment: UInt64) {
    self.nanos = nanos
    self.increment = increment
  }

  /// `chunk_` and 32 hexadecimal digits, those of the time in capitals.
  var chunkName: String {
    var text = "chunk_"
    text.reserveCapacity(38)
    Self.append(nanos, "0123456789ABCDEF", to: &text)
    Self.append(increment, "0123456789abcdef", to: &text)
    return text
  }

  private static func append(_ value: UInt64, _ digits: StaticString, to text: inout String) {
    digits.withUTF8Buffer { digits in
      for shift in stride(from: UInt64(60), through: 0, by: -4) {
        text.unicodeScalars.append(Unicode.Scalar(digits[Int(value >> shift & 15)]))
      }
    }
  }
}

/// The identifiers of one recording, one after the other: the same recording always gets the same.
struct RerunIDs: Sendable {
  private var last: RerunID

  /// - Parameter name: of the recording; others get other identifiers.
  init(_ name: String) {
    // FNV-1a. Source: Fowler, Noll, Vo, draft-eastlake-fnv, §2.
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in name.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
    // Half of the numbers stay free for counting on.
    last = RerunID(nanos: 0, increment: hash >> 1)
  }

  /// - Parameter nanos: the time that it is to have; a time that goes back stands still.
  mutating func next(_ nanos: Int64) -> RerunID {
    last = RerunID(nanos: max(last.nanos, UInt64(max(0, nanos))), increment: last.increment &+ 1)
    return last
  }
}
