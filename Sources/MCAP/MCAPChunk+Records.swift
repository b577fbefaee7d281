import Checksums
public import NIOCore

extension MCAPChunk {
  /// The records as they were before compression, with their checksum verified.
  ///
  /// - Parameter compressions: those that are known; chunks without compression need none.
  /// - Throws: ``MCAPError``. A size beyond the limits is refused before memory is taken for it.
  public func uncompressed(_ compressions: [ChunkCompression], limits: MCAPLimits = MCAPLimits()) throws(MCAPError)
    -> ByteBuffer
  {
    guard uncompressedSize <= UInt64(max(0, limits.chunkBytes)) else { throw .chunkTooLarge(bytes: uncompressedSize) }
    var plain = records
    if !compression.isEmpty {
      guard let way = compressions.first(where: { $0.name == compression }) else {
        throw .unknownCompression(compression)
      }
      plain = ByteBuffer()
      let isDone = records.withUnsafeReadableBytes { way.decompress($0, Int(uncompressedSize), &plain) }
      guard isDone else { throw .decompressionFailed }
    }
    guard plain.readableBytes == Int(uncompressedSize) else { throw .decompressionFailed }
    if uncompressedCRC != 0 {
      guard plain.withUnsafeReadableBytes({ CRC32.checksum(of: $0) }) == uncompressedCRC else { throw .wrongChecksum }
    }
    return plain
  }

  /// The schemas, channels and messages of a chunk in the order in which they were written.
  public static func contents(of records: ByteBuffer, limits: MCAPLimits = MCAPLimits()) throws(MCAPError)
    -> [MCAPRecord]
  {
    var contents: [MCAPRecord] = []
    try MCAPRecord.forEach(in: records, limits: limits) { (_, record) throws(MCAPError) in
      switch record {
      case .schema, .channel, .message: contents.append(record)
      case .other: break
      case .header, .footer, .chunk, .messageIndex, .chunkIndex, .attachment, .attachmentIndex, .statistics, .metadata,
        .metadataIndex, .summaryOffset, .dataEnd:
        throw .malformedChunk
      }
    }
    return contents
  }
}
