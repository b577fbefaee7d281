public import NIOCore

/// A schema, encoded once for all record batches of it.
///
/// Source: arrow.apache.org, "Arrow IPC streaming format", and `Message.fbs`, `Schema.fbs` of it.
public struct ArrowSchema: Sendable {
  public let fields: [ArrowField]
  /// The message with its envelope.
  private let message: ByteBuffer
  /// Where the value that differs from stream to stream stands in the message.
  private let variable: Range<Int>?

  /// - Parameters:
  ///   - metadata: of the schema, in this order.
  ///   - variable: the key of the metadata whose value another of the same length takes in each stream.
  public init(_ fields: [ArrowField], metadata: [ArrowMetadata] = [], variable: String? = nil) {
    self.fields = fields
    var writer = FlatBuffer(capacity: 2_048)
    let header = writer.message(type: 1, bodyLength: 0)
    let schema = writer.table([.absent, .offset, metadata.isEmpty ? .absent : .offset])
    writer.point(header, to: writer.tableStart)
    writer.fields(fields, from: schema[1])
    let places = metadata.isEmpty ? [] : writer.metadata(metadata, from: schema[2])
    let index = metadata.firstIndex { $0.key == variable }
    self.variable = index.map {
      let start = places[$0] + ArrowSchema.envelope
      return start..<start + metadata[$0].value.utf8.count
    }
    message = writer.framed()
  }

  /// Bytes in front of a message: a mark and its length.
  static let envelope = 8

  /// Appends the schema, one record batch and the end of the stream.
  ///
  /// - Parameters:
  ///   - columns: of the same length, one for each field and fitting to it.
  ///   - value: what the variable key of the metadata has in this stream; it has to be as long as the first.
  /// - Precondition: the number of columns is that of the fields, and all are of the same length.
  public func write(_ columns: [ArrowArray], variable value: String? = nil, to buffer: inout ByteBuffer) {
    let rows = columns.first?.count ?? 0
    precondition(columns.count == fields.count && columns.allSatisfy { $0.count == rows }, "columns fit to the schema")
    let start = buffer.writerIndex
    buffer.writeImmutableBuffer(message)
    if let value, let variable {
      precondition(value.utf8.count == variable.count, "the value is as long as the first")
      buffer.setString(value, at: start + variable.lowerBound)
    }
    var nodes: [(Int64, Int64)] = []
    var places: [(Int64, Int64)] = []
    var body: [ByteBuffer] = []
    var end = 0
    func add(_ array: ArrowArray) {
      nodes.append((Int64(array.count), Int64(array.missingCount)))
      for piece in array.buffers {
        places.append((Int64(end), Int64(piece.readableBytes)))
        body.append(piece)
        end += (piece.readableBytes + 7) / 8 * 8
      }
      for child in array.children { add(child) }
    }
    for column in columns { add(column) }
    var writer = FlatBuffer(capacity: 256 + 16 * (nodes.count + places.count))
    let header = writer.message(type: 3, bodyLength: Int64(end))
    let batch = writer.table([.int64(Int64(rows)), .offset, .offset])
    writer.point(header, to: writer.tableStart)
    writer.pairs(nodes, from: batch[1])
    writer.pairs(places, from: batch[2])
    buffer.writeImmutableBuffer(writer.framed())
    for piece in body where piece.readableBytes > 0 {
      buffer.writeImmutableBuffer(piece)
      buffer.writeRepeatingByte(0, count: (8 - piece.readableBytes % 8) % 8)
    }
    Self.writeEnd(to: &buffer)
  }

  /// Appends the schema and the end of the stream, as of a table without rows.
  public func write(to buffer: inout ByteBuffer) {
    buffer.writeImmutableBuffer(message)
    Self.writeEnd(to: &buffer)
  }

  private static func writeEnd(to buffer: inout ByteBuffer) {
    buffer.writeInteger(UInt32.max)
    buffer.writeInteger(UInt32(0))
  }
}

extension FlatBuffer {
  /// The root: a message of format version 5.
  /// - Returns: where the offset of its header stands.
  fileprivate mutating func message(type: UInt8, bodyLength: Int64) -> Int {
    let slots = table([.int16(4), .int8(type), .offset, .int64(bodyLength)])
    point(FlatBuffer.root, to: tableStart)
    return slots[2]
  }

  /// Without the mark of the stream in front it could not be told from the format of old.
  fileprivate consuming func framed() -> ByteBuffer {
    align(8)
    let flat = bytes
    var buffer = ByteBufferAllocator().buffer(capacity: flat.readableBytes + ArrowSchema.envelope)
    buffer.writeInteger(UInt32.max)
    buffer.writeInteger(UInt32(flat.readableBytes), endianness: .little)
    buffer.writeImmutableBuffer(flat)
    return buffer
  }

  fileprivate mutating func fields(_ fields: [ArrowField], from place: Int) {
    let places = offsets(fields.count, from: place)
    for (field, place) in zip(fields, places) {
      let slots = table([
        .offset, .int8(field.isNullable ? 1 : 0), .int8(field.type.tag), .offset, .absent, .offset,
        field.metadata.isEmpty ? .absent : .offset,
      ])
      point(place, to: tableStart)
      string(field.name, from: slots[0])
      _ = table(field.type.slots)
      point(slots[3], to: tableStart)
      self.fields(field.type.children, from: slots[5])
      if !field.metadata.isEmpty { _ = metadata(field.metadata, from: slots[6]) }
    }
  }

  /// - Returns: where each value stands.
  fileprivate mutating func metadata(_ pairs: [ArrowMetadata], from place: Int) -> [Int] {
    let places = offsets(pairs.count, from: place)
    return zip(pairs, places).map { pair, place in
      let slots = table([.offset, .offset])
      point(place, to: tableStart)
      string(pair.key, from: slots[0])
      return string(pair.value, from: slots[1])
    }
  }
}

extension ArrowType {
  /// The union `Type` of `Schema.fbs`.
  fileprivate var tag: UInt8 {
    switch self {
    case .uint8, .uint16, .uint32, .uint64, .int64: 2
    case .float32, .float64: 3
    case .utf8: 5
    case .bool: 6
    case .timestampNanos: 10
    case .list: 12
    case .structure: 13
    case .fixedSizeBinary: 15
    case .fixedSizeList: 16
    }
  }

  /// The table of the type.
  fileprivate var slots: [FlatBuffer.Slot] {
    switch self {
    case .uint8: [.int32(8), .int8(0)]
    case .uint16: [.int32(16), .int8(0)]
    case .uint32: [.int32(32), .int8(0)]
    case .uint64: [.int32(64), .int8(0)]
    case .int64: [.int32(64), .int8(1)]
    case .float32: [.int16(1)]
    case .float64: [.int16(2)]
    case .timestampNanos: [.int16(3)]
    case .fixedSizeBinary(let width): [.int32(Int32(clamping: width))]
    case .fixedSizeList(_, let size): [.int32(Int32(clamping: size))]
    case .bool, .utf8, .list, .structure: []
    }
  }
}
