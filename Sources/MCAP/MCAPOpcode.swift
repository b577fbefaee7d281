/// What a record is. Source: the MCAP specification, "Opcodes".
public struct MCAPOpcode: RawRepresentable, Hashable, Sendable {
  public var rawValue: UInt8

  public init(rawValue: UInt8) { self.rawValue = rawValue }

  public static let header = MCAPOpcode(rawValue: 0x01)
  public static let footer = MCAPOpcode(rawValue: 0x02)
  public static let schema = MCAPOpcode(rawValue: 0x03)
  public static let channel = MCAPOpcode(rawValue: 0x04)
  public static let message = MCAPOpcode(rawValue: 0x05)
  public static let chunk = MCAPOpcode(rawValue: 0x06)
  public static let messageIndex = MCAPOpcode(rawValue: 0x07)
  public static let chunkIndex = MCAPOpcode(rawValue: 0x08)
  public static let attachment = MCAPOpcode(rawValue: 0x09)
  public static let attachmentIndex = MCAPOpcode(rawValue: 0x0A)
  public static let statistics = MCAPOpcode(rawValue: 0x0B)
  public static let metadata = MCAPOpcode(rawValue: 0x0C)
  public static let metadataIndex = MCAPOpcode(rawValue: 0x0D)
  public static let summaryOffset = MCAPOpcode(rawValue: 0x0E)
  public static let dataEnd = MCAPOpcode(rawValue: 0x0F)
}

/// Sizes that the specification fixes.
public enum MCAPFormat {
  /// `0x89 M C A P 0 \r \n`: a file begins and ends with it.
  public static let magic: [UInt8] = [0x89, 0x4D, 0x43, 0x41, 0x50, 0x30, 0x0D, 0x0A]
  /// Opcode and length.
  public static let recordHeadBytes = 9
  /// The footer record and the closing magic: the last bytes of every whole file.
  public static let tailBytes = recordHeadBytes + 20 + 8
}
