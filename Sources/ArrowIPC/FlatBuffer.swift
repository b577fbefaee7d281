import NIOCore

/// Writes FlatBuffers from front to back: what a table points to stands behind it.
///
/// Source: flatbuffers.dev, "FlatBuffer Internals". Everything is aligned to its size, counted from the first byte.
struct FlatBuffer {
  /// What stands in a slot of a table.
  enum Slot {
    case absent
    case int8(UInt8)
    case int16(Int16)
    case int32(Int32)
    case int64(Int64)
    /// A string, vector or table that is written later; see ``FlatBuffer/point(_:)``.
    case offset

    fileprivate var size: Int {
      switch self {
      case .absent: 0
      case .int8: 1
      case .int16: 2
      case .int32, .offset: 4
      case .int64: 8
      }
    }
  }

  /// The bytes so far; the first is that of the root offset.
  private(set) var bytes: ByteBuffer

  /// Begins with the offset of the root table, which is to be written first.
  init(capacity: Int = 1_024) {
    bytes = ByteBufferAllocator().buffer(capacity: capacity)
    bytes.writeInteger(UInt32(0))
  }

  /// Where the offset of the root table stands.
  static let root = 0

  /// Writes a table.
  /// - Returns: where each slot stands, 0 of those that are absent.
  mutating func table(_ slots: [Slot]) -> [Int] {
    align(2)
    // Wide slots first, so that nothing lies between them.
    var places = [Int](repeating: 0, count: slots.count)
    let isWide = slots.contains { $0.size == 8 }
    var end = isWide ? 8 : 4
    for size in [8, 4, 2, 1] {
      for (index, slot) in slots.enumerated() where slot.size == size {
        places[index] = end
        end += size
      }
    }
    let tableSize = (end + 3) / 4 * 4
    let vtable = position
    bytes.writeInteger(UInt16(4 + 2 * slots.count), endianness: .little)
    bytes.writeInteger(UInt16(tableSize), endianness: .little)
    for place in places { bytes.writeInteger(UInt16(place), endianness: .little) }
    align(isWide ? 8 : 4)
    let start = position
    bytes.writeInteger(Int32(start - vtable), endianness: .little)
    bytes.writeRepeatingByte(0, count: tableSize - 4)
    for (slot, place) in zip(slots, places) where place > 0 {
      let at = bytes.readerIndex + start + place
      switch slot {
      case .int8(let value): bytes.setInteger(value, at: at)
      case .int16(let value): bytes.setInteger(value, at: at, endianness: .little)
      case .int32(let value): bytes.setInteger(value, at: at, endianness: .little)
      case .int64(let value): bytes.setInteger(value, at: at, endianness: .little)
      case .absent, .offset: continue
      }
    }
    tableStart = start
    return places.map { $0 == 0 ? 0 : start + $0 }
  }

  /// Where the table that was written last begins.
  private(set) var tableStart = 0

  /// Lets the offset at `place` point to `target`, which is here if it is not given.
  mutating func point(_ place: Int, to target: Int? = nil) {
    bytes.setInteger(
      UInt32((target ?? position) - place), at: bytes.readerIndex + place, endianness: .little)
  }

  /// Writes a string and lets `place` point to it.
  /// - Returns: where its first byte stands.
  @discardableResult
  mutating func string(_ text: String, from place: Int) -> Int {
    align(4)
    point(place)
    bytes.writeInteger(UInt32(text.utf8.count), endianness: .little)
    let start = position
    bytes.writeString(text)
    bytes.writeInteger(UInt8(0))
    return start
  }

  /// Writes a vector of offsets and lets `place` point to it.
  /// - Returns: where each of them stands.
  mutating func offsets(_ count: Int, from place: Int) -> [Int] {
    align(4)
    point(place)
    bytes.writeInteger(UInt32(count), endianness: .little)
    let start = position
    bytes.writeRepeatingByte(0, count: 4 * count)
    return (0..<count).map { start + 4 * $0 }
  }

  /// Writes a vector of structs of two 64-bit numbers and lets `place` point to it.
  mutating func pairs(_ pairs: [(Int64, Int64)], from place: Int) {
    // The count stands right in front of the first struct, which is aligned to 8.
    align(4)
    if position % 8 == 0 { bytes.writeInteger(UInt32(0)) }
    point(place)
    bytes.writeInteger(UInt32(pairs.count), endianness: .little)
    for (first, second) in pairs {
      bytes.writeInteger(first, endianness: .little)
      bytes.writeInteger(second, endianness: .little)
    }
  }

  /// Writes zeros until the number of bytes is a multiple of `size`.
  mutating func align(_ size: Int) {
    let rest = position % size
    if rest > 0 { bytes.writeRepeatingByte(0, count: size - rest) }
  }

  private var position: Int { bytes.readableBytes }
}
