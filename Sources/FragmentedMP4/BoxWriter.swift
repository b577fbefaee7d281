import NIOCore

/// Writes boxes of the ISO base media file format (ISO/IEC 14496-12 §4.2).
struct BoxWriter {
  private(set) var buffer = ByteBuffer()

  init(capacity: Int = 0) { buffer.reserveCapacity(capacity) }

  /// Offset of the next byte from the first.
  var offset: Int { buffer.writerIndex }

  mutating func box(_ type: FourCC, _ body: (inout BoxWriter) -> Void) {
    let start = buffer.writerIndex
    buffer.writeMultipleIntegers(UInt32(0), type.code)
    body(&self)
    // A box of ours stays below 4 GiB: see FragmentedMP4Writer.maxFragmentBytes.
    buffer.setInteger(UInt32(truncatingIfNeeded: buffer.writerIndex - start), at: start)
  }

  mutating func fullBox(_ type: FourCC, version: UInt8 = 0, flags: UInt32 = 0, _ body: (inout BoxWriter) -> Void) {
    box(type) { writer in
      writer.write(UInt32(version) << 24 | flags)
      body(&writer)
    }
  }

  mutating func write<Value: FixedWidthInteger>(_ values: Value...) {
    for value in values { buffer.writeInteger(value) }
  }

  mutating func write(_ bytes: ByteBuffer) { buffer.writeImmutableBuffer(bytes) }

  mutating func write(zeros count: Int) { buffer.writeRepeatingByte(0, count: count) }

  mutating func write(_ text: StaticString) { buffer.writeStaticString(text) }

  mutating func set(_ value: UInt32, at offset: Int) { buffer.setInteger(value, at: offset) }

  /// Lets `body` write straight into the buffer.
  mutating func append(_ body: (inout ByteBuffer) -> Void) { body(&buffer) }
}

/// The type of a box or a brand, four ASCII characters.
struct FourCC: Hashable, Sendable, ExpressibleByStringLiteral {
  let code: UInt32

  init(code: UInt32) { self.code = code }

  init(stringLiteral text: StaticString) {
    precondition(text.utf8CodeUnitCount == 4, "box types are literals of four characters")
    code = text.withUTF8Buffer { $0.reduce(0) { $0 << 8 | UInt32($1) } }
  }
}
