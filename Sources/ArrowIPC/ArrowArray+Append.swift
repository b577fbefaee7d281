import NIOCore

extension ArrowArray {
  /// Adds the values of another array behind those of this one. O(n) in the other's values, amortized; of
  /// booleans, and where some are missing, in those of both.
  /// - Parameter type: of both.
  /// - Precondition: both are of the type.
  public mutating func append(_ other: ArrowArray, of type: ArrowType) {
    appendValidity(of: other)
    switch type {
    case .bool:
      buffers[1] = Self.bits(Self.flags(buffers[1], count) + Self.flags(other.buffers[1], other.count))
    case .uint8, .uint16, .uint32, .uint64, .int64, .float32, .float64, .timestampNanos, .fixedSizeBinary:
      buffers[1].writeImmutableBuffer(other.buffers[1])
    case .utf8:
      appendEnds(of: other)
      buffers[2].writeImmutableBuffer(other.buffers[2])
    case .list(let item):
      appendEnds(of: other)
      children[0].append(other.children[0], of: item.type)
    case .fixedSizeList(let item, _):
      children[0].append(other.children[0], of: item.type)
    case .structure(let fields):
      for (index, field) in fields.enumerated() { children[index].append(other.children[index], of: field.type) }
    }
    count += other.count
    missingCount += other.missingCount
  }

  private mutating func appendValidity(of other: ArrowArray) {
    guard missingCount > 0 || other.missingCount > 0 else { return }
    buffers[0] = Self.bits(areThere + other.areThere)
  }

  private var areThere: [Bool] {
    missingCount > 0 ? Self.flags(buffers[0], count) : [Bool](repeating: true, count: count)
  }

  private static func flags(_ bits: ByteBuffer, _ count: Int) -> [Bool] {
    bits.withUnsafeReadableBytes { bytes in (0..<count).map { bytes[$0 / 8] >> UInt8($0 % 8) & 1 == 1 } }
  }

  /// Where lists and texts end: a number in front of the first, and one behind each.
  private mutating func appendEnds(of other: ArrowArray) {
    let last = buffers[1].getInteger(at: buffers[1].writerIndex - 4, endianness: .little, as: Int32.self) ?? 0
    var ends = other.buffers[1]
    ends.moveReaderIndex(forwardBy: 4)
    while let end = ends.readInteger(endianness: .little, as: Int32.self) {
      buffers[1].writeInteger(last + end, endianness: .little)
    }
  }
}
