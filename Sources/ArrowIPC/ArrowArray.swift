public import NIOCore

/// Values of one type as Arrow lays them out in memory. None of them is missing.
///
/// What the type is, the schema says; a column has to fit to its field.
public struct ArrowArray: Sendable {
  public internal(set) var count: Int
  /// The buffers of the array itself, validity first, which is empty as there are no missing values.
  var buffers: [ByteBuffer]
  var children: [ArrowArray]

  private init(count: Int, buffers: [ByteBuffer], children: [ArrowArray] = []) {
    self.count = count
    self.buffers = [ByteBuffer()] + buffers
    self.children = children
  }

  /// Integers of 8 to 64 bits, also times.
  public static func integers<Value: FixedWidthInteger>(_ values: [Value]) -> ArrowArray {
    #if _endian(little)
      numbers(values)
    #else
      numbers(values.map { $0.littleEndian })
    #endif
  }

  /// All at once: number by number, a cloud of points takes many times as long.
  private static func numbers<Value>(_ values: [Value]) -> ArrowArray {
    ArrowArray(count: values.count, buffers: [values.withUnsafeBytes { ByteBuffer(bytes: $0) }])
  }

  /// `count` integers of 64 bits, also times, of which few are given.
  /// - Parameters:
  ///   - given: with their places, each in `0..<count`.
  ///   - otherwise: what the others are; `nil`: they are missing.
  public static func integers(
    _ given: [(place: Int, value: Int64)], count: Int, otherwise: Int64? = nil
  ) -> ArrowArray {
    var values = [Int64](repeating: otherwise ?? 0, count: count)
    for (place, value) in given { values[place] = value }
    var array = integers(values)
    guard otherwise == nil, given.count < count else { return array }
    var isThere = [Bool](repeating: false, count: count)
    for (place, _) in given { isThere[place] = true }
    array.buffers[0] = bits(isThere)
    array.missingCount = isThere.count { !$0 }
    return array
  }

  /// Bytes one after the other, as `uint8`; they are not copied before they are written.
  public static func bytes(_ bytes: ByteBuffer) -> ArrowArray {
    ArrowArray(count: bytes.readableBytes, buffers: [bytes])
  }

  public static func floats(_ values: [Float]) -> ArrowArray {
    #if _endian(little)
      numbers(values)
    #else
      integers(values.map { $0.bitPattern })
    #endif
  }

  public static func doubles(_ values: [Double]) -> ArrowArray {
    #if _endian(little)
      numbers(values)
    #else
      integers(values.map { $0.bitPattern })
    #endif
  }

  public static func booleans(_ values: [Bool]) -> ArrowArray {
    ArrowArray(count: values.count, buffers: [bits(values)])
  }

  static func bits(_ values: [Bool]) -> ByteBuffer {
    var bits = [UInt8](repeating: 0, count: (values.count + 7) / 8)
    for (index, value) in values.enumerated() where value { bits[index / 8] |= 1 << UInt8(index % 8) }
    return ByteBuffer(bytes: bits)
  }

  public static func texts(_ values: [String]) -> ArrowArray {
    var ends: [Int32] = [0]
    var data = ByteBuffer()
    for value in values {
      data.writeString(value)
      ends.append(Int32(clamping: data.readableBytes))
    }
    return ArrowArray(count: values.count, buffers: [integers(ends).buffers[1], data])
  }

  /// Pieces of `width` bytes each.
  /// - Precondition: the number of bytes is a multiple of `width`.
  public static func fixedSizeBinary(_ bytes: ByteBuffer, width: Int) -> ArrowArray {
    precondition(width > 0 && bytes.readableBytes % width == 0, "bytes are whole pieces")
    return ArrowArray(count: bytes.readableBytes / width, buffers: [bytes])
  }

  /// Lists of `lengths` values each, all values in `items`.
  /// - Precondition: the lengths add up to the number of items.
  public static func lists(of items: ArrowArray, lengths: [Int]) -> ArrowArray {
    var ends: [Int32] = [0]
    ends.reserveCapacity(lengths.count + 1)
    var end = 0
    for length in lengths {
      end += length
      ends.append(Int32(clamping: end))
    }
    precondition(end == items.count, "the lengths add up to the number of items")
    return ArrowArray(count: lengths.count, buffers: [integers(ends).buffers[1]], children: [items])
  }

  /// Lists of `size` values each.
  /// - Precondition: the number of items is a multiple of `size`.
  public static func vectors(of items: ArrowArray, size: Int) -> ArrowArray {
    precondition(size > 0 && items.count % size == 0, "items are whole lists")
    return ArrowArray(count: items.count / size, buffers: [], children: [items])
  }

  /// Lists of three values each.
  public static func vectors(_ values: [SIMD3<Float>]) -> ArrowArray { vectors(count: values.count) { values[$0] } }

  /// Lists of three values each: what `vector` gives for each of `0..<count`.
  public static func vectors(count: Int, _ vector: (Int) -> SIMD3<Float>) -> ArrowArray {
    let bytes = bytes(12 * count) { target in
      for index in 0..<count {
        let value = vector(index)
        target.storeBytes(of: value.x.bitPattern.littleEndian, toByteOffset: 12 * index, as: UInt32.self)
        target.storeBytes(of: value.y.bitPattern.littleEndian, toByteOffset: 12 * index + 4, as: UInt32.self)
        target.storeBytes(of: value.z.bitPattern.littleEndian, toByteOffset: 12 * index + 8, as: UInt32.self)
      }
    }
    return vectors(of: ArrowArray(count: 3 * count, buffers: [bytes]), size: 3)
  }

  /// What `value` gives for each of `0..<count`.
  public static func integers(count: Int, _ value: (Int) -> UInt32) -> ArrowArray {
    let bytes = bytes(4 * count) { target in
      for index in 0..<count {
        target.storeBytes(of: value(index).littleEndian, toByteOffset: 4 * index, as: UInt32.self)
      }
    }
    return ArrowArray(count: count, buffers: [bytes])
  }

  private static func bytes(_ count: Int, _ fill: (UnsafeMutableRawBufferPointer) -> Void) -> ByteBuffer {
    var buffer = ByteBufferAllocator().buffer(capacity: count)
    buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: count) { target in
      fill(target)
      return count
    }
    return buffer
  }

  /// Structs, one array for each field.
  /// - Precondition: there is a field, and all have the same number of values.
  public static func structures(_ fields: [ArrowArray]) -> ArrowArray {
    let count = fields.first?.count ?? 0
    precondition(!fields.isEmpty && fields.allSatisfy { $0.count == count }, "fields are of the same length")
    return ArrowArray(count: count, buffers: [], children: fields)
  }

  /// `count` values that are all missing: what an optional field of a struct has.
  public static func missing(width: Int, count: Int) -> ArrowArray {
    var array = ArrowArray(count: count, buffers: [ByteBuffer(repeating: 0, count: width * count)])
    array.buffers[0] = ByteBuffer(repeating: 0, count: (count + 7) / 8)
    array.missingCount = count
    return array
  }

  /// How many of the values are missing.
  var missingCount = 0
}

extension ArrowArray {
  /// Bytes of all values, without what lies between them.
  public var bytes: Int {
    buffers.reduce(0) { $0 + $1.readableBytes } + children.reduce(0) { $0 + $1.bytes }
  }
}
