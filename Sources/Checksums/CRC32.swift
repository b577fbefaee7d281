/// The CRC-32 of Ethernet, zip and PNG: polynomial 0xEDB88320 reflected, start and end inverted; in pieces.
///
/// Sixteen bytes a step by sixteen tables. Source: Kounavis and Berry 2005, "A Systematic Approach to Building High
/// Performance, Software-based, CRC Generators"; the polynomial is that of ISO 3309.
public struct CRC32: Hashable, Sendable {
  /// The remainder, not yet inverted.
  private var remainder = UInt32.max

  /// The checksum of nothing.
  public init() {}

  /// The checksum of all bytes so far.
  public var value: UInt32 { ~remainder }

  /// The checksum of one piece.
  public static func checksum(of bytes: UnsafeRawBufferPointer) -> UInt32 {
    var crc = CRC32()
    crc.update(bytes)
    return crc.value
  }

  /// The checksum of two pieces, one after the other.
  public static func checksum(_ first: UnsafeRawBufferPointer, _ second: UnsafeRawBufferPointer) -> UInt32 {
    var crc = CRC32()
    crc.update(first)
    crc.update(second)
    return crc.value
  }

  /// Takes in the next bytes. O(n), no allocation.
  public mutating func update(_ bytes: UnsafeRawBufferPointer) {
    guard let base = bytes.baseAddress else { return }
    remainder = Self.tables.withUnsafeBufferPointer { tables in
      // Safe: there are sixteen tables of 256 entries, and each index below is a byte in one of them.
      guard let table = tables.baseAddress else { return remainder }
      var crc = remainder
      var index = 0
      while bytes.count - index >= 16 {
        crc = Self.sixteen(base + index, crc, table)
        index += 16
      }
      while index < bytes.count {
        crc = crc >> 8 ^ table[Int((crc ^ UInt32(bytes[index])) & 0xFF)]
        index += 1
      }
      return crc
    }
  }

  /// What ``update(_:)`` does, for bytes whose checksum is known: their length is all that is looked at. O(log n).
  ///
  /// Source: the remainder of A·B is that of A followed by |B| zero bytes, plus that of B; zero bytes are powers of one
  /// linear map over GF(2), as zlib's `crc32_combine` has it.
  ///
  /// - Parameters:
  ///   - checksum: of the bytes.
  ///   - count: how many bytes, not negative.
  public mutating func append(checksum: UInt32, count: Int) {
    var shifted = value
    var zeros = UInt64(max(0, count)) << 3
    var power = Self.oneZeroBit
    while zeros > 0 {
      if zeros & 1 == 1 { shifted = Self.apply(power, to: shifted) }
      zeros >>= 1
      if zeros > 0 { power = power.map { Self.apply(power, to: $0) } }
    }
    remainder = ~(shifted ^ checksum)
  }

  // MARK: Tables

  /// What a zero bit behind does to the remainder, column by column.
  private static let oneZeroBit: [UInt32] = [0xEDB8_8320] + (0..<31).map { 1 << UInt32($0) }

  private static func apply(_ matrix: [UInt32], to vector: UInt32) -> UInt32 {
    var sum: UInt32 = 0
    for (bit, column) in matrix.enumerated() where vector >> UInt32(bit) & 1 == 1 { sum ^= column }
    return sum
  }

  private static let tables: [UInt32] = {
    var tables = [UInt32](repeating: 0, count: 16 * 256)
    for byte in 0..<256 {
      var value = UInt32(byte)
      for _ in 0..<8 { value = value & 1 == 1 ? value >> 1 ^ 0xEDB8_8320 : value >> 1 }
      tables[byte] = value
    }
    for index in 256..<16 * 256 {
      let before = tables[index - 256]
      tables[index] = before >> 8 ^ tables[Int(before & 0xFF)]
    }
    return tables
  }()

  @inline(__always)
  private static func sixteen(_ bytes: UnsafeRawPointer, _ crc: UInt32, _ table: UnsafePointer<UInt32>) -> UInt32 {
    let low = UInt64(littleEndian: bytes.loadUnaligned(as: UInt64.self)) ^ UInt64(crc)
    let high = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
    return eight(low, table + 8 * 256) ^ eight(high, table)
  }

  /// `table`: eight tables, the last for the first byte.
  @inline(__always)
  private static func eight(_ word: UInt64, _ table: UnsafePointer<UInt32>) -> UInt32 {
    let first =
      table[1_792 + Int(word & 0xFF)] ^ table[1_536 + Int(word >> 8 & 0xFF)]
      ^ table[1_280 + Int(word >> 16 & 0xFF)] ^ table[1_024 + Int(word >> 24 & 0xFF)]
    let second =
      table[768 + Int(word >> 32 & 0xFF)] ^ table[512 + Int(word >> 40 & 0xFF)]
      ^ table[256 + Int(word >> 48 & 0xFF)] ^ table[Int(word >> 56)]
    return first ^ second
  }
}
