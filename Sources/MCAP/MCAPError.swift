/// Why bytes are no MCAP file, or a message does not go into one.
public enum MCAPError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The file does not begin, or not end, with the eight bytes that it must.
  case wrongMagic
  /// Opcode 0 is no record.
  case invalidOpcode
  /// A record announces more bytes than ``MCAPLimits`` allow.
  case recordTooLarge(bytes: UInt64)
  /// A field of a record goes beyond its end, or a text in it is not UTF-8.
  case malformedRecord(opcode: UInt8)
  /// A record that does not belong inside a chunk, or a record that is cut at the end of a chunk.
  case malformedChunk
  /// A checksum is not that of the bytes.
  case wrongChecksum
  /// A chunk was compressed in a way that is not known here.
  case unknownCompression(String)
  /// A chunk does not decompress to what it announces.
  case decompressionFailed
  /// A chunk announces more bytes than ``MCAPLimits`` allow.
  case chunkTooLarge(bytes: UInt64)
  /// The file has no summary section.
  case noSummary
  /// A message is larger than ``MCAPLimits`` allow.
  case messageTooLarge(bytes: Int)
  /// A message is for a channel that was not made here.
  case unknownChannel(UInt16)
  /// A file has at most 65,535 schemas and as many channels.
  case tooManyChannels

  public var description: String {
    switch self {
    case .wrongMagic: "it does not begin and end as an MCAP file does"
    case .invalidOpcode: "opcode 0 is no record"
    case .recordTooLarge(let bytes): "a record of \(bytes) bytes"
    case .malformedRecord(let opcode): "a record with the opcode \(opcode) that is malformed"
    case .malformedChunk: "a chunk with records that do not belong there or are cut"
    case .wrongChecksum: "a checksum that is wrong"
    case .unknownCompression(let name): "a chunk with the unknown compression '\(name)'"
    case .decompressionFailed: "a chunk that does not decompress"
    case .chunkTooLarge(let bytes): "a chunk of \(bytes) bytes"
    case .noSummary: "no summary section"
    case .messageTooLarge(let bytes): "a message of \(bytes) bytes"
    case .unknownChannel(let id): "no channel \(id)"
    case .tooManyChannels: "more than 65,535 channels or schemas"
    }
  }
}

/// What a reader takes in at most, and a writer puts out.
public struct MCAPLimits: Hashable, Sendable {
  /// Content of one record in a file, a chunk among them.
  public var recordBytes = 256 << 20
  /// The records of one chunk after decompression.
  public var chunkBytes = 256 << 20
  /// The data of one message that is written.
  public var messageBytes = 64 << 20

  public init() {}
}
