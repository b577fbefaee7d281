/// A message of Protocol Buffers that is written field by field.
///
/// Source: Protocol Buffers, "Encoding": varints, and fields with their length before them.
struct ProtocolBufferWriter {
  private(set) var bytes: [UInt8] = []

  mutating func reserve(_ count: Int) { bytes.reserveCapacity(count) }

  mutating func field(_ number: Int, _ text: String) {
    start(number, length: text.utf8.count)
    bytes.append(contentsOf: text.utf8)
  }

  mutating func field(_ number: Int, _ content: UnsafeRawBufferPointer) {
    start(number, length: content.count)
    bytes.append(contentsOf: content)
  }

  mutating func field(_ number: Int, _ message: (inout ProtocolBufferWriter) -> Void) {
    var inner = ProtocolBufferWriter()
    message(&inner)
    start(number, length: inner.bytes.count)
    bytes.append(contentsOf: inner.bytes)
  }

  /// Whole numbers, packed.
  mutating func field(_ number: Int, _ values: [Int]) {
    var inner = ProtocolBufferWriter()
    for value in values { inner.varint(UInt64(bitPattern: Int64(value))) }
    start(number, length: inner.bytes.count)
    bytes.append(contentsOf: inner.bytes)
  }

  private mutating func start(_ number: Int, length: Int) {
    varint(UInt64(number) << 3 | 2)
    varint(UInt64(length))
  }

  private mutating func varint(_ value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
  }
}

/// A message of Protocol Buffers that is read field by field. Bytes come from the network: nothing of them traps.
struct ProtocolBufferReader {
  enum Value {
    case number(UInt64)
    case bytes(UnsafeRawBufferPointer)
  }

  private let bytes: UnsafeRawBufferPointer
  private var place = 0

  /// - Parameter bytes: valid as long as this reader and the values that it gives.
  init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

  /// The next field, whatever it is; `nil` at the end.
  mutating func next() throws(ProtocolBufferFault) -> (number: Int, value: Value)? {
    guard place < bytes.count else { return nil }
    let key = try varint()
    guard let number = Int(exactly: key >> 3), number > 0 else { throw ProtocolBufferFault() }
    switch key & 7 {
    case 0: return (number, .number(try varint()))
    case 1: return (number, .bytes(try take(8)))
    case 2:
      let length = try varint()
      guard let length = Int(exactly: length) else { throw ProtocolBufferFault() }
      return (number, .bytes(try take(length)))
    case 5: return (number, .bytes(try take(4)))
    default: throw ProtocolBufferFault()
    }
  }

  private mutating func take(_ length: Int) throws(ProtocolBufferFault) -> UnsafeRawBufferPointer {
    guard length <= bytes.count - place else { throw ProtocolBufferFault() }
    defer { place += length }
    return UnsafeRawBufferPointer(rebasing: bytes[place..<place + length])
  }

  private mutating func varint() throws(ProtocolBufferFault) -> UInt64 {
    var value: UInt64 = 0
    for shift in stride(from: UInt64(0), to: 64, by: 7) {
      guard place < bytes.count else { throw ProtocolBufferFault() }
      let byte = bytes[place]
      place += 1
      value |= UInt64(byte & 0x7f) << shift
      if byte < 0x80 { return value }
    }
    throw ProtocolBufferFault()
  }

  /// Whole numbers of a repeated field: packed, or one by one.
  static func numbers(_ value: Value) throws(ProtocolBufferFault) -> [Int64] {
    switch value {
    case .number(let number): return [Int64(bitPattern: number)]
    case .bytes(let bytes):
      var reader = ProtocolBufferReader(bytes)
      var numbers: [Int64] = []
      while reader.place < bytes.count { numbers.append(Int64(bitPattern: try reader.varint())) }
      return numbers
    }
  }
}

/// Bytes are no message of Protocol Buffers.
package struct ProtocolBufferFault: Error, Hashable, CustomStringConvertible {
  package var description: String { "the server's answer is malformed" }
}
