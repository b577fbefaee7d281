import Checksums
public import NIOCore

/// What the end of a file says about the rest of it.
public struct MCAPSummary: Hashable, Sendable {
  public var schemas: [UInt16: MCAPSchema] = [:]
  public var channels: [UInt16: MCAPChannel] = [:]
  public var statistics: MCAPStatistics?
  /// In the order of the file.
  public var chunkIndexes: [MCAPChunkIndex] = []
  public var attachmentIndexes: [MCAPAttachmentIndex] = []
  public var metadataIndexes: [MCAPMetadataIndex] = []

  public init() {}

  // MARK: Writing

  /// The summary section, the footer and the closing magic.
  ///
  /// - Parameter offset: where the section begins in the file.
  func encoded(at offset: UInt64) -> ByteBuffer {
    var buffer = ByteBuffer()
    var groups: [MCAPSummaryOffset] = []
    func group(_ opcode: MCAPOpcode, _ body: (inout ByteBuffer) -> Void) {
      let start = buffer.writerIndex
      body(&buffer)
      guard buffer.writerIndex > start else { return }
      groups.append(
        MCAPSummaryOffset(
          groupOpcode: opcode.rawValue, groupStart: offset + UInt64(start),
          groupLength: UInt64(buffer.writerIndex - start)))
    }
    group(.schema) { for id in schemas.keys.sorted() { schemas[id]?.write(to: &$0) } }
    group(.channel) { for id in channels.keys.sorted() { channels[id]?.write(to: &$0) } }
    group(.statistics) { statistics?.write(to: &$0) }
    group(.chunkIndex) { for index in chunkIndexes { index.write(to: &$0) } }
    group(.attachmentIndex) { for index in attachmentIndexes { index.write(to: &$0) } }
    group(.metadataIndex) { for index in metadataIndexes { MCAPRecord.metadataIndex(index).write(to: &$0) } }
    let isEmpty = groups.isEmpty
    let offsetStart = offset + UInt64(buffer.writerIndex)
    for group in groups { MCAPRecord.summaryOffset(group).write(to: &buffer) }
    // The checksum covers the footer's first two fields: they are written, summed, and the sum put behind.
    let footer = MCAPFooter(
      summaryStart: isEmpty ? 0 : offset, summaryOffsetStart: isEmpty ? 0 : offsetStart, summaryCRC: 0)
    MCAPRecord.footer(footer).write(to: &buffer)
    let covered = buffer.writerIndex - 4
    let crc = buffer.withUnsafeReadableBytes { CRC32.checksum(of: UnsafeRawBufferPointer(rebasing: $0[..<covered])) }
    buffer.setInteger(crc, at: covered, endianness: .little)
    buffer.writeBytes(MCAPFormat.magic)
    return buffer
  }

  // MARK: Reading

  /// The footer of a whole file.
  ///
  /// - Parameter tail: the last ``MCAPFormat/tailBytes`` bytes of the file.
  public static func footer(tail: ByteBuffer) throws(MCAPError) -> MCAPFooter {
    var tail = tail
    guard tail.readableBytes == MCAPFormat.tailBytes,
      tail.getBytes(at: tail.writerIndex - 8, length: 8) == MCAPFormat.magic,
      case .footer(let footer)? = try MCAPRecord.read(from: &tail)
    else { throw .wrongMagic }
    return footer
  }

  /// - Parameters:
  ///   - section: the bytes of a file from the footer's `summaryStart` to the end.
  ///   - footer: of the same file.
  /// - Throws: ``MCAPError``, also where the checksum of the section is wrong.
  public init(section: ByteBuffer, footer: MCAPFooter, limits: MCAPLimits = MCAPLimits()) throws(MCAPError) {
    guard footer.summaryStart != 0 else { throw .noSummary }
    // The sum itself and the magic are not covered.
    let covered = section.readableBytes - 4 - 8
    guard covered >= MCAPFormat.tailBytes - 12 else { throw .noSummary }
    if footer.summaryCRC != 0 {
      let crc = section.withUnsafeReadableBytes { CRC32.checksum(of: UnsafeRawBufferPointer(rebasing: $0[..<covered])) }
      guard crc == footer.summaryCRC else { throw .wrongChecksum }
    }
    var rest =
      section.getSlice(at: section.readerIndex, length: section.readableBytes - MCAPFormat.tailBytes)
      ?? ByteBuffer()
    while rest.readableBytes > 0 {
      guard let record = try MCAPRecord.read(from: &rest, limits: limits) else { throw .noSummary }
      switch record {
      case .schema(let schema): schemas[schema.id] = schema
      case .channel(let channel): channels[channel.id] = channel
      case .statistics(let found): statistics = found
      case .chunkIndex(let index): chunkIndexes.append(index)
      case .attachmentIndex(let index): attachmentIndexes.append(index)
      case .metadataIndex(let index): metadataIndexes.append(index)
      case .summaryOffset, .other: break
      case .header, .footer, .message, .chunk, .messageIndex, .attachment, .metadata, .dataEnd:
        throw .noSummary
      }
    }
  }
}
