public import NIOCore

/// Why bytes are no message.
public enum ProtobufError: Error, Hashable, Sendable {
  /// A field goes beyond the end.
  case truncated
  /// A number of more than 64 bits.
  case varintTooLong
  /// A group, or a layout that does not exist.
  case unknownWireType(UInt8)
  /// Fields begin at 1.
  case invalidFieldNumber
}

/// One field as it stands in a message.
public struct ProtobufField: Hashable, Sendable {
  public enum Value: Hashable, Sendable {
    case varint(UInt64)
    case fixed64(UInt64)
    case fixed32(UInt32)
    /// A text, bytes, a message, or packed numbers. Shares the bytes of the message.
    case bytes(ByteBuffer)
  }

  public var number: Int
  public var value: Value

  /// `int32`, `int64`, `enum`, `bool`; `nil`: it is none of them.
  public var integer: Int64? {
    guard case .varint(let value) = value else { return nil }
    return Int64(bitPattern: value)
  }

  public var double: Double? {
    guard case .fixed64(let bits) = value else { return nil }
    return Double(bitPattern: bits)
  }

  public var bytes: ByteBuffer? {
    guard case .bytes(let bytes) = value else { return nil }
    return bytes
  }

  /// `nil`: it is no text.
  public var text: String? { bytes.flatMap { String(validating: $0.readableBytesView, as: UTF8.self) } }
}

/// Takes the fields of a message apart, in the order in which they stand. Any bytes may come.
public struct ProtobufReader: Sendable {
  private var rest: ByteBuffer

  /// - Parameter message: all of it.
  public init(_ message: ByteBuffer) { rest = message }

  /// The next field; `nil` at the end.
  public mutating func next() throws(ProtobufError) -> ProtobufField? {
    guard rest.readableBytes > 0 else { return nil }
    let tag = try readVarint()
    guard tag >> 3 >= 1, tag >> 3 < 1 << 29 else { throw .invalidFieldNumber }
    let number = Int(tag >> 3)
    switch ProtobufWireType(rawValue: UInt8(tag & 7)) {
    case .varint: return ProtobufField(number: number, value: .varint(try readVarint()))
    case .fixed64:
      guard let value = rest.readInteger(endianness: .little, as: UInt64.self) else { throw .truncated }
      return ProtobufField(number: number, value: .fixed64(value))
    case .fixed32:
      guard let value = rest.readInteger(endianness: .little, as: UInt32.self) else { throw .truncated }
      return ProtobufField(number: number, value: .fixed32(value))
    case .lengthDelimited:
      let length = try readVarint()
      guard length <= UInt64(rest.readableBytes), let bytes = rest.readSlice(length: Int(length)) else {
        throw .truncated
      }
      return ProtobufField(number: number, value: .bytes(bytes))
    case nil: throw .unknownWireType(UInt8(tag & 7))
    }
  }

  /// All fields.
  public static func fields(of message: ByteBuffer) throws(ProtobufError) -> [ProtobufField] {
    var reader = ProtobufReader(message)
    var fields: [ProtobufField] = []
    while let field = try reader.next() { fields.append(field) }
    return fields
  }

  private mutating func readVarint() throws(ProtobufError) -> UInt64 {
    var value: UInt64 = 0
    for index in 0..<10 {
      guard let byte = rest.readInteger(as: UInt8.self) else { throw .truncated }
      guard index < 9 || byte <= 1 else { throw .varintTooLong }
      value |= UInt64(byte & 0x7f) << UInt64(7 * index)
      if byte < 0x80 { return value }
    }
    throw .varintTooLong
  }
}
