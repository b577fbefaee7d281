public import NIOCore

/// Fields of Protocol Buffers as they are written. Source: protobuf.dev, "Encoding".
///
/// As in proto3, a field of a number, a text or bytes that has its default is left out; ``writeProtobuf(_:message:)``
/// always writes. Fields are to be written by ascending number.
extension ByteBuffer {
  /// Seven bits a byte, the lowest first.
  public mutating func writeProtobufVarint(_ value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      writeInteger(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    writeInteger(UInt8(truncatingIfNeeded: rest))
  }

  private mutating func writeProtobufTag(_ field: Int, _ type: ProtobufWireType) {
    writeProtobufVarint(UInt64(UInt32(truncatingIfNeeded: field)) << 3 | UInt64(type.rawValue))
  }

  /// `int32`, `int64`, `uint32`, `uint64`, `enum`.
  /// - Parameter always: writes 0 as well, as a field with explicit presence has it.
  public mutating func writeProtobuf(_ field: Int, integer value: Int64, always: Bool = false) {
    guard value != 0 || always else { return }
    writeProtobufTag(field, .varint)
    writeProtobufVarint(UInt64(bitPattern: value))
  }

  public mutating func writeProtobuf(_ field: Int, bool value: Bool) {
    writeProtobuf(field, integer: value ? 1 : 0)
  }

  public mutating func writeProtobuf(_ field: Int, fixed32 value: UInt32) {
    guard value != 0 else { return }
    writeProtobufTag(field, .fixed32)
    writeInteger(value, endianness: .little)
  }

  public mutating func writeProtobuf(_ field: Int, fixed64 value: UInt64) {
    guard value != 0 else { return }
    writeProtobufTag(field, .fixed64)
    writeInteger(value, endianness: .little)
  }

  /// Negative zero is written: it is not the default.
  /// - Parameter always: writes 0 as well, as a field with explicit presence has it.
  public mutating func writeProtobuf(_ field: Int, double value: Double, always: Bool = false) {
    guard value.bitPattern != 0 || always else { return }
    writeProtobufTag(field, .fixed64)
    writeInteger(value.bitPattern, endianness: .little)
  }

  public mutating func writeProtobuf(_ field: Int, text value: String) {
    guard !value.isEmpty else { return }
    writeProtobufTag(field, .lengthDelimited)
    writeProtobufVarint(UInt64(value.utf8.count))
    writeString(value)
  }

  /// `bytes`: the pieces one after the other.
  public mutating func writeProtobuf(_ field: Int, bytes pieces: ByteBuffer...) {
    writeProtobuf(field, pieces: pieces)
  }

  /// `bytes`: the pieces one after the other.
  public mutating func writeProtobuf(_ field: Int, pieces: [ByteBuffer]) {
    let count = pieces.reduce(0) { $0 + $1.readableBytes }
    guard count > 0 else { return }
    writeProtobufTag(field, .lengthDelimited)
    writeProtobufVarint(UInt64(count))
    for piece in pieces { writeImmutableBuffer(piece) }
  }

  /// `repeated double`, packed.
  public mutating func writeProtobuf(_ field: Int, doubles values: some Collection<Double>) {
    guard !values.isEmpty else { return }
    writeProtobufTag(field, .lengthDelimited)
    writeProtobufVarint(UInt64(values.count * 8))
    for value in values { writeInteger(value.bitPattern, endianness: .little) }
  }

  /// `repeated fixed32`, packed.
  public mutating func writeProtobuf(_ field: Int, fixed32s values: some Collection<UInt32>) {
    guard !values.isEmpty else { return }
    writeProtobufTag(field, .lengthDelimited)
    writeProtobufVarint(UInt64(values.count * 4))
    for value in values { writeInteger(value, endianness: .little) }
  }

  /// A message within the message; also an empty one. What `body` writes is moved by a byte or more where it is longer
  /// than 127 bytes, so large `bytes` belong at the top.
  public mutating func writeProtobuf(_ field: Int, message body: (inout ByteBuffer) -> Void) {
    writeProtobufTag(field, .lengthDelimited)
    let lengthIndex = writerIndex
    writeInteger(UInt8(0))
    body(&self)
    let count = writerIndex - lengthIndex - 1
    guard count >= 0x80 else {
      setInteger(UInt8(truncatingIfNeeded: count), at: lengthIndex)
      return
    }
    var length = ByteBuffer()
    length.writeProtobufVarint(UInt64(count))
    let more = length.readableBytes - 1
    writeRepeatingByte(0, count: more)
    withUnsafeMutableReadableBytes { bytes in
      let start = bytes.count - more - count
      guard let base = bytes.baseAddress else { return }
      (base + start + more).copyMemory(from: UnsafeRawPointer(base + start), byteCount: count)
    }
    setBuffer(length, at: lengthIndex)
  }
}

/// How the value of a field is laid out.
public enum ProtobufWireType: UInt8, Hashable, Sendable {
  case varint = 0
  case fixed64 = 1
  case lengthDelimited = 2
  case fixed32 = 5
}
