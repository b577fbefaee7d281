import Checksums
public import NIOCore

/// Makes a file whole that lost its end, without I/O: finds how far it can be used, and what belongs behind that.
///
/// Bytes go in from the start of the file in pieces of any size. Every chunk is decompressed and its checksum verified;
/// the file is usable up to the last whole record in front of the first that is not as it should be. Behind that the
/// message indexes of the last chunk where they are missing, the end of the data section and a summary are written anew.
///
/// A whole file is recognised and needs no repair.
public struct MCAPRecovery: Sendable {
  /// What is to be done to a file.
  public struct Repair: Hashable, Sendable {
    /// The file's first bytes, as many as can be used. The others are to be cut off.
    public var keep: UInt64
    /// What belongs behind them.
    public var tail: ByteBuffer
    /// How many messages the file has then.
    public var messages: UInt64
  }

  /// A file that is looked at.
  public enum Outcome: Hashable, Sendable {
    /// It ends as it should.
    case whole(messages: UInt64)
    /// It was cut, or is damaged.
    case repairable(Repair)
    /// Not even its header is there.
    case hopeless
  }

  private let limits: MCAPLimits
  private let compressions: [ChunkCompression]
  private var parser: MCAPParser
  private var waiting = ByteBuffer()
  private var isStopped = false
  private var hasHeader = false
  private var hasDataEnd = false
  private var summary = MCAPSummary()
  private var statistics = MCAPStatistics()
  private var crc = CRC32()
  /// Of what stands behind the data section.
  private var summaryCRC = CRC32()
  /// The end of what can be used, and the checksum up to there.
  private var keep: UInt64 = 0
  /// The messages of the last chunk by channel, as long as a message index of it is missing.
  private var missing: [UInt16: [MCAPMessageIndex.Entry]] = [:]
  /// What stopped the reading; `nil`: the end of the bytes.
  public private(set) var failure: MCAPError?

  /// - Parameter compressions: those that are known. A chunk that is compressed otherwise ends what can be used.
  public init(compressions: [ChunkCompression], limits: MCAPLimits = MCAPLimits()) {
    self.compressions = compressions
    self.limits = limits
    parser = MCAPParser(limits: limits)
  }

  /// Takes in the next bytes of the file.
  public mutating func receive(_ bytes: ByteBuffer) {
    guard !isStopped else { return }
    if waiting.readableBytes == 0 { waiting = bytes } else { waiting.writeImmutableBuffer(bytes) }
    do {
      while !isStopped {
        let start = waiting
        let offset = parser.offset
        guard let record = try parser.next(&waiting) else { break }
        let length = Int(parser.offset - offset)
        try take(record, at: offset, bytes: start.getSlice(at: start.readerIndex, length: length) ?? ByteBuffer())
      }
      waiting.discardReadBytes()
    } catch {
      failure = error
      isStopped = true
    }
  }

  /// What there is to do, when all bytes of the file were received.
  public mutating func finish() -> Outcome {
    if !isStopped, (try? parser.finish(&waiting)) == true, hasDataEnd, waiting.readableBytes == 0 {
      return .whole(messages: statistics.messageCount)
    }
    guard hasHeader else { return .hopeless }
    var tail = ByteBuffer()
    for id in missing.keys.sorted() { writeIndex(id, to: &tail) }
    tail.withUnsafeReadableBytes { crc.update($0) }
    summary.statistics = statistics
    tail.writeImmutableBuffer(
      MCAPWriter.end(summary, at: keep + UInt64(tail.readableBytes), crc: crc.value))
    return .repairable(Repair(keep: keep, tail: tail, messages: statistics.messageCount))
  }

  private mutating func writeIndex(_ id: UInt16, to tail: inout ByteBuffer) {
    guard let entries = missing[id], !summary.chunkIndexes.isEmpty else { return }
    let start = tail.readableBytes
    MCAPMessageIndex(channelID: id, entries: entries).write(to: &tail)
    let last = summary.chunkIndexes.count - 1
    summary.chunkIndexes[last].messageIndexOffsets.append(.init(channelID: id, offset: keep + UInt64(start)))
    summary.chunkIndexes[last].messageIndexLength += UInt64(tail.readableBytes - start)
  }

  // MARK: Records

  private mutating func take(_ record: MCAPRecord, at offset: UInt64, bytes: ByteBuffer) throws(MCAPError) {
    if hasDataEnd { return try check(record, bytes) }
    guard hasHeader else {
      guard case .header = record else { throw .malformedRecord(opcode: bytes.getInteger(at: bytes.readerIndex) ?? 0) }
      hasHeader = true
      // The magic may have come with these bytes, or before them.
      let length = Int(parser.offset) - MCAPFormat.magic.count
      var start = ByteBuffer(bytes: MCAPFormat.magic)
      start.writeImmutableBuffer(bytes.getSlice(at: bytes.writerIndex - length, length: length) ?? ByteBuffer())
      use(start)
      return
    }
    if case .messageIndex = record {
    } else if !missing.isEmpty {
      // A writer that makes no indexes, or not for every channel.
      missing = [:]
    }
    switch record {
    case .schema, .channel, .message: count(record)
    case .chunk(let chunk): try take(chunk, at: offset, length: bytes.readableBytes)
    case .messageIndex(let index): try take(index, at: offset, length: bytes.readableBytes)
    case .attachment(let attachment): take(attachment, at: offset, length: bytes.readableBytes)
    case .metadata(let metadata):
      summary.metadataIndexes.append(
        MCAPMetadataIndex(offset: offset, length: UInt64(bytes.readableBytes), name: metadata.name))
      statistics.metadataCount &+= 1
    case .dataEnd(let sum):
      guard sum == 0 || sum == crc.value else { throw .wrongChecksum }
      hasDataEnd = true
      return
    case .other: break
    case .header, .footer, .chunkIndex, .attachmentIndex, .statistics, .metadataIndex, .summaryOffset:
      throw .malformedRecord(opcode: bytes.getInteger(at: bytes.readerIndex) ?? 0)
    }
    use(bytes)
  }

  /// The summary of the file: it is made anew when its checksum is wrong.
  private mutating func check(_ record: MCAPRecord, _ bytes: ByteBuffer) throws(MCAPError) {
    guard case .footer(let footer) = record else {
      bytes.withUnsafeReadableBytes { summaryCRC.update($0) }
      return
    }
    bytes.withUnsafeReadableBytes { summaryCRC.update(UnsafeRawBufferPointer(rebasing: $0.dropLast(4))) }
    guard footer.summaryCRC == 0 || footer.summaryCRC == summaryCRC.value else { throw .wrongChecksum }
  }

  private mutating func use(_ bytes: ByteBuffer) {
    bytes.withUnsafeReadableBytes { crc.update($0) }
    keep += UInt64(bytes.readableBytes)
  }

  private mutating func count(_ record: MCAPRecord) {
    switch record {
    case .schema(let schema):
      if summary.schemas.updateValue(schema, forKey: schema.id) == nil { statistics.schemaCount &+= 1 }
    case .channel(let channel):
      if summary.channels.updateValue(channel, forKey: channel.id) == nil { statistics.channelCount &+= 1 }
    case .message(let message):
      statistics.count(messages: 1, from: message.logTime, through: message.logTime)
      statistics.channelMessageCounts[message.channelID, default: 0] += 1
    default: break
    }
  }

  private mutating func take(_ chunk: MCAPChunk, at offset: UInt64, length: Int) throws(MCAPError) {
    let records = try chunk.uncompressed(compressions, limits: limits)
    var contents: [MCAPRecord] = []
    var entries: [UInt16: [MCAPMessageIndex.Entry]] = [:]
    try MCAPRecord.forEach(in: records, limits: limits) { (place, record) throws(MCAPError) in
      switch record {
      case .message(let message):
        entries[message.channelID, default: []].append(.init(logTime: message.logTime, offset: UInt64(place)))
      case .schema, .channel, .other: break
      default: throw .malformedChunk
      }
      contents.append(record)
    }
    for record in contents { count(record) }
    missing = entries
    statistics.chunkCount &+= 1
    summary.chunkIndexes.append(
      MCAPChunkIndex(
        messageStartTime: chunk.messageStartTime, messageEndTime: chunk.messageEndTime, chunkStartOffset: offset,
        chunkLength: UInt64(length), messageIndexOffsets: [], messageIndexLength: 0, compression: chunk.compression,
        compressedSize: UInt64(chunk.records.readableBytes), uncompressedSize: chunk.uncompressedSize))
  }

  private mutating func take(_ index: MCAPMessageIndex, at offset: UInt64, length: Int) throws(MCAPError) {
    // An index without a message may stand for a channel that is not in the chunk.
    guard !summary.chunkIndexes.isEmpty, index.entries.isEmpty || missing[index.channelID] != nil else {
      throw .malformedRecord(opcode: MCAPOpcode.messageIndex.rawValue)
    }
    missing[index.channelID] = nil
    let last = summary.chunkIndexes.count - 1
    summary.chunkIndexes[last].messageIndexOffsets.append(.init(channelID: index.channelID, offset: offset))
    summary.chunkIndexes[last].messageIndexLength += UInt64(length)
  }

  private mutating func take(_ attachment: MCAPAttachment, at offset: UInt64, length: Int) {
    summary.attachmentIndexes.append(
      MCAPAttachmentIndex(
        offset: offset, length: UInt64(length), logTime: attachment.logTime, createTime: attachment.createTime,
        dataSize: UInt64(attachment.data.readableBytes), name: attachment.name, mediaType: attachment.mediaType))
    statistics.attachmentCount &+= 1
  }
}
