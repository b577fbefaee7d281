import NIOCore

/// Reads the raw byte sequence payload of a NAL unit bit by bit, and steps over emulation prevention bytes on the way
/// (ISO/IEC 14496-10 §7.3.1, §9.1).
struct BitReader {
  private let buffer: ByteBuffer
  /// Index in `buffer` of the next byte to load.
  private var index: Int
  private let end: Int
  private let structure: String
  private let hasEmulationPrevention: Bool
  private var zeros = 0
  private var current: UInt8 = 0
  private var bitsLeft = 0

  /// - Parameters:
  ///   - nalUnit: a NAL unit; its header byte is skipped.
  ///   - structure: what is read, for the error when it ends early.
  init(nalUnit: ByteBuffer, structure: String) {
    self.init(nalUnit, skipping: 1, structure: structure, hasEmulationPrevention: true)
  }

  /// - Parameter payload: bytes from which emulation prevention has been removed already.
  init(payload: ByteBuffer, structure: String) {
    self.init(payload, skipping: 0, structure: structure, hasEmulationPrevention: false)
  }

  private init(_ nalUnit: ByteBuffer, skipping headerBytes: Int, structure: String, hasEmulationPrevention: Bool) {
    buffer = nalUnit
    index = nalUnit.readerIndex + headerBytes
    end = nalUnit.writerIndex
    self.structure = structure
    self.hasEmulationPrevention = hasEmulationPrevention
  }

  private mutating func loadByte() throws(H264Error) {
    guard var byte: UInt8 = nextRawByte() else { throw .truncated(structure) }
    if hasEmulationPrevention, zeros >= 2, byte == 3 {
      zeros = 0
      guard let following = nextRawByte() else { throw .truncated(structure) }
      byte = following
    }
    zeros = byte == 0 ? zeros + 1 : 0
    current = byte
    bitsLeft = 8
  }

  private mutating func nextRawByte() -> UInt8? {
    guard index < end else { return nil }
    defer { index += 1 }
    return buffer.getInteger(at: index)
  }

  mutating func readBit() throws(H264Error) -> Bool {
    if bitsLeft == 0 { try loadByte() }
    bitsLeft -= 1
    return (current >> UInt8(bitsLeft)) & 1 == 1
  }

  /// Reads `count` bits, 0…32, most significant first: u(n).
  mutating func readBits(_ count: Int) throws(H264Error) -> UInt32 {
    var value: UInt32 = 0
    var wanted = count
    while wanted > 0 {
      if bitsLeft == 0 { try loadByte() }
      let taken = min(wanted, bitsLeft)
      let chunk = (UInt32(current) >> UInt32(bitsLeft - taken)) & ((1 << UInt32(taken)) - 1)
      value = (value << UInt32(taken)) | chunk
      bitsLeft -= taken
      wanted -= taken
    }
    return value
  }

  mutating func skipBits(_ count: Int) throws(H264Error) {
    for _ in 0..<count { _ = try readBit() }
  }

  /// Unsigned Exp-Golomb code: ue(v), 0…2³²−2.
  mutating func readUnsigned() throws(H264Error) -> UInt32 {
    var leadingZeros = 0
    while try !readBit() {
      leadingZeros += 1
      guard leadingZeros < 32 else { throw .exponentTooLarge }
    }
    let suffix = try readBits(leadingZeros)
    return (1 << UInt32(leadingZeros)) - 1 + suffix
  }

  /// An unsigned Exp-Golomb code that must lie in `range`.
  mutating func readUnsigned(in range: ClosedRange<Int>, _ element: String) throws(H264Error) -> Int {
    let value = Int(try readUnsigned())
    guard range.contains(value) else { throw .outOfRange(element: element, value: value) }
    return value
  }

  /// Signed Exp-Golomb code: se(v).
  mutating func readSigned() throws(H264Error) -> Int32 {
    let code = Int64(try readUnsigned())
    return Int32(truncatingIfNeeded: code & 1 == 1 ? (code + 1) / 2 : -(code / 2))
  }
}
