import MCAP
public import NIOCore

/// Finds the chunks of an MCAP file by their heads, without reading what is in them: also of a file that lost its end.
public struct MCAPChunkScan: Hashable, Sendable {
  /// Where a chunk is.
  public struct Chunk: Hashable, Sendable {
    /// Of the record, from the start of the file.
    public var offset: Int
    /// Of the record, its head among them.
    public var bytes: Int
    /// Nanoseconds since 1970.
    public var firstTime: UInt64
    public var lastTime: UInt64
  }

  public private(set) var chunks: [Chunk] = []
  /// Bytes of messages that stand outside of chunks: such files are those of other programs.
  public private(set) var looseMessages = 0
  /// Whether the file ends as it should.
  public private(set) var isWhole = false
  /// Up to where the file could be read.
  public private(set) var readBytes = 0

  /// - Parameters:
  ///   - fileBytes: size of the file.
  ///   - read: the bytes from an offset, as many as asked for or fewer at the end of the file.
  /// - Throws: ``MCAPError/wrongMagic`` of what is no MCAP file, and what `read` throws.
  public init(fileBytes: Int, read: (_ offset: Int, _ count: Int) throws -> ByteBuffer) throws {
    let start = try read(0, MCAPFormat.magic.count)
    guard start.readableBytesView.elementsEqual(MCAPFormat.magic) else { throw MCAPError.wrongMagic }
    var offset = MCAPFormat.magic.count
    while true {
      readBytes = offset
      // The head of a record, and the two times that a chunk begins with.
      let head = try read(offset, MCAPFormat.recordHeadBytes + 16)
      guard let opcode: UInt8 = head.getInteger(at: head.readerIndex),
        let length: UInt64 = head.getInteger(at: head.readerIndex + 1, endianness: .little),
        length <= UInt64(max(0, fileBytes - offset - MCAPFormat.recordHeadBytes))
      else { return }
      let bytes = MCAPFormat.recordHeadBytes + Int(length)
      switch MCAPOpcode(rawValue: opcode) {
      case .chunk:
        guard let first: UInt64 = head.getInteger(at: head.readerIndex + 9, endianness: .little),
          let last: UInt64 = head.getInteger(at: head.readerIndex + 17, endianness: .little)
        else { return }
        chunks.append(Chunk(offset: offset, bytes: bytes, firstTime: first, lastTime: last))
      case .message: looseMessages += 1
      case .footer:
        let end = try read(offset + bytes, MCAPFormat.magic.count)
        isWhole = end.readableBytesView.elementsEqual(MCAPFormat.magic)
        return
      default: break
      }
      offset += bytes
    }
  }
}
