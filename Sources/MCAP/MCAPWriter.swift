import Checksums
public import MediaModel
public import NIOCore

/// How a file is written.
public struct MCAPWriterOptions: Sendable {
  /// A chunk ends when its records reach so many bytes.
  public var chunkBytes = 1 << 20
  /// A chunk ends so long after its first message was added.
  public var chunkInterval = Nanoseconds.seconds(1)
  /// `nil`: chunks are stored as they are. A chunk that compression does not make smaller is stored so anyway.
  public var compression: ChunkCompression?
  public var profile = ""
  public var library = "worldsystem"
  public var limits = MCAPLimits()

  public init() {}
}

/// Writes an MCAP file, without I/O: whatever a call returns belongs at the end of the file, in order.
///
/// - Messages go into chunks. A chunk, its message indexes among it, comes out in one piece when it is large or old
///   enough, so that a file that was cut lacks the last piece only; ``MCAPRecovery`` makes it whole again.
/// - Schemas and channels stand in front of the first message that needs them, and again in the summary.
/// - Every checksum of the format is written.
/// - The same calls give the same bytes.
///
/// Source: the MCAP specification, mcap.dev/spec.
public struct MCAPWriter: Sendable {
  /// A channel, and its messages in the chunk that is being filled.
  private struct Topic: Sendable {
    var channel: MCAPChannel
    var isWritten = false
    var sequence: UInt32 = 0
    var entries: [MCAPMessageIndex.Entry] = []
  }

  private let options: MCAPWriterOptions
  private var schemas: [MCAPSchema] = []
  private var isSchemaWritten: [Bool] = []
  private var topics: [Topic] = []
  private var summary = MCAPSummary()
  private var statistics = MCAPStatistics()
  /// Of all bytes that came out.
  private var crc = CRC32()
  /// How many bytes came out.
  public private(set) var offset: UInt64 = 0
  /// Room for the head of the chunk record, then the records.
  private var chunk = ByteBuffer()
  private var chunkStart: UInt64 = .max
  private var chunkEnd: UInt64 = 0
  private var chunkMessages: UInt64 = 0
  private var chunkOpenedAt: HostTime?

  public init(_ options: MCAPWriterOptions = MCAPWriterOptions()) {
    self.options = options
    beginChunk()
  }

  /// The first bytes of the file. To be asked for once, before all others.
  public mutating func start() -> ByteBuffer {
    var buffer = ByteBuffer(bytes: MCAPFormat.magic)
    MCAPRecord.header(MCAPHeader(profile: options.profile, library: options.library)).write(to: &buffer)
    note(buffer)
    return buffer
  }

  // MARK: Schemas and channels

  /// - Returns: what channels call it by.
  public mutating func addSchema(name: String, encoding: String, data: ByteBuffer) throws(MCAPError) -> UInt16 {
    guard let id = UInt16(exactly: schemas.count + 1) else { throw .tooManyChannels }
    schemas.append(MCAPSchema(id: id, name: name, encoding: encoding, data: data))
    isSchemaWritten.append(false)
    return id
  }

  /// - Parameter schemaID: what ``addSchema(name:encoding:data:)`` returned; 0 for none.
  /// - Returns: what messages call it by.
  public mutating func addChannel(
    topic: String, schemaID: UInt16, messageEncoding: String, metadata: [String: String] = [:]
  ) throws(MCAPError) -> UInt16 {
    guard let id = UInt16(exactly: topics.count + 1), Int(schemaID) <= schemas.count else { throw .tooManyChannels }
    topics.append(
      Topic(
        channel: MCAPChannel(
          id: id, schemaID: schemaID, topic: topic, messageEncoding: messageEncoding, metadata: metadata)))
    return id
  }

  // MARK: Messages

  /// Adds a message to the chunk that is being filled.
  ///
  /// - Parameters:
  ///   - logTime: when it was recorded; times before 1970 count as 1970.
  ///   - publishTime: `nil`: the log time.
  ///   - now: for the age of the chunk.
  /// - Returns: a chunk that came to its end; `nil` mostly.
  public mutating func add(
    _ data: ByteBuffer, to channelID: UInt16, logTime: WallTime, publishTime: WallTime? = nil, at now: HostTime
  ) throws(MCAPError) -> ByteBuffer? {
    try add(to: channelID, logTime: logTime, publishTime: publishTime, at: now) { $0.writeImmutableBuffer(data) }
  }

  /// Adds a message that `body` appends to the buffer it gets. For the rest see
  /// ``add(_:to:logTime:publishTime:at:)``.
  public mutating func add(
    to channelID: UInt16, logTime: WallTime, publishTime: WallTime? = nil, at now: HostTime,
    _ body: (inout ByteBuffer) -> Void
  ) throws(MCAPError) -> ByteBuffer? {
    let index = Int(channelID) - 1
    guard topics.indices.contains(index) else { throw .unknownChannel(channelID) }
    if !topics[index].isWritten { writeChannel(index) }
    let time = UInt64(max(0, logTime.nanosSince1970))
    let published = publishTime.map { UInt64(max(0, $0.nanosSince1970)) } ?? time
    let start = chunk.writerIndex
    chunk.writeMultipleIntegers(
      MCAPOpcode.message.rawValue, UInt64(0), channelID, topics[index].sequence, time, published, endianness: .little)
    let data = chunk.writerIndex
    body(&chunk)
    let bytes = chunk.writerIndex - data
    guard bytes <= options.limits.messageBytes else {
      chunk.moveWriterIndex(to: start)
      throw .messageTooLarge(bytes: bytes)
    }
    chunk.setInteger(UInt64(MCAPMessage.headBytes + bytes), at: start + 1, endianness: .little)
    topics[index].sequence &+= 1
    topics[index].entries.append(
      MCAPMessageIndex.Entry(logTime: time, offset: UInt64(start - headRoom)))
    chunkStart = min(chunkStart, time)
    chunkEnd = max(chunkEnd, time)
    chunkMessages += 1
    if chunkOpenedAt == nil { chunkOpenedAt = now }
    return chunk.writerIndex - headRoom >= options.chunkBytes ? flush() : flushIfDue(at: now)
  }

  private mutating func writeChannel(_ index: Int) {
    let channel = topics[index].channel
    let schema = Int(channel.schemaID) - 1
    if schemas.indices.contains(schema), !isSchemaWritten[schema] {
      schemas[schema].write(to: &chunk)
      isSchemaWritten[schema] = true
      summary.schemas[schemas[schema].id] = schemas[schema]
      statistics.schemaCount += 1
    }
    channel.write(to: &chunk)
    topics[index].isWritten = true
    summary.channels[channel.id] = channel
    statistics.channelCount += 1
  }

  // MARK: Chunks

  /// When the chunk that is being filled comes to its end by age; `nil`: there is none.
  public var nextFlush: HostTime? { chunkOpenedAt?.advanced(by: options.chunkInterval) }

  /// The chunk that is being filled, if it is old enough.
  public mutating func flushIfDue(at now: HostTime) -> ByteBuffer? {
    guard let due = nextFlush, due <= now else { return nil }
    return flush()
  }

  /// The chunk that is being filled, and its message indexes; `nil`: there is nothing in it.
  public mutating func flush() -> ByteBuffer? {
    guard chunk.writerIndex > headRoom else { return nil }
    let size = chunk.writerIndex - headRoom
    let sum = withRecords { CRC32.checksum(of: $0) }
    var head = MCAPChunk.Head(
      messageStartTime: chunkMessages == 0 ? 0 : chunkStart, messageEndTime: chunkEnd, uncompressedSize: UInt64(size),
      uncompressedCRC: sum, compression: "", recordsBytes: size)
    var piece: ByteBuffer
    if let compressed = compressed(&head) {
      piece = compressed
      piece.withUnsafeReadableBytes { crc.update($0) }
    } else {
      // The records stay where they are: the head goes into the room in front of them.
      piece = chunk
      chunk = ByteBuffer()
      piece.setBuffer(head.encoded, at: 0)
      piece.withUnsafeReadableBytes { crc.update(UnsafeRawBufferPointer(rebasing: $0[..<headRoom])) }
      crc.append(checksum: sum, count: size)
    }
    let chunkLength = piece.readableBytes
    writeIndexes(&piece, chunkLength: UInt64(chunkLength), head)
    piece.withUnsafeReadableBytes { crc.update(UnsafeRawBufferPointer(rebasing: $0[chunkLength...])) }
    offset += UInt64(piece.readableBytes)
    beginChunk()
    return piece
  }

  /// Bytes in front of the records in ``chunk``.
  private var headRoom: Int { MCAPChunk.Head.bytes(compression: "") }

  private func withRecords<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
    chunk.withUnsafeReadableBytes { body(UnsafeRawBufferPointer(rebasing: $0[headRoom...])) }
  }

  private mutating func beginChunk() {
    chunk = ByteBuffer()
    // Records that come to an end just behind the limit still fit, and so do their indexes.
    chunk.reserveCapacity(headRoom + options.chunkBytes + options.chunkBytes / 4)
    chunk.writeRepeatingByte(0, count: headRoom)
    chunkStart = .max
    chunkEnd = 0
    chunkMessages = 0
    chunkOpenedAt = nil
  }

  /// The chunk record; `nil` where compression does not pay.
  private func compressed(_ head: inout MCAPChunk.Head) -> ByteBuffer? {
    guard let compression = options.compression else { return nil }
    let room = MCAPChunk.Head.bytes(compression: compression.name)
    var buffer = ByteBuffer()
    buffer.writeRepeatingByte(0, count: room)
    let isDone = withRecords { compression.compress($0, &buffer) }
    guard isDone, buffer.writerIndex - room < head.recordsBytes else { return nil }
    head.compression = compression.name
    head.recordsBytes = buffer.writerIndex - room
    buffer.setBuffer(head.encoded, at: 0)
    return buffer
  }

  private mutating func writeIndexes(_ piece: inout ByteBuffer, chunkLength: UInt64, _ head: MCAPChunk.Head) {
    var index = MCAPChunkIndex(
      messageStartTime: head.messageStartTime, messageEndTime: head.messageEndTime, chunkStartOffset: offset,
      chunkLength: chunkLength, messageIndexOffsets: [], messageIndexLength: 0, compression: head.compression,
      compressedSize: UInt64(head.recordsBytes), uncompressedSize: head.uncompressedSize)
    for place in topics.indices where !topics[place].entries.isEmpty {
      let id = topics[place].channel.id
      index.messageIndexOffsets.append(.init(channelID: id, offset: offset + UInt64(piece.readableBytes)))
      MCAPMessageIndex(channelID: id, entries: topics[place].entries).write(to: &piece)
      statistics.channelMessageCounts[id, default: 0] += UInt64(topics[place].entries.count)
      topics[place].entries.removeAll(keepingCapacity: true)
    }
    index.messageIndexLength = UInt64(piece.readableBytes) - chunkLength
    summary.chunkIndexes.append(index)
    statistics.chunkCount &+= 1
    statistics.count(messages: chunkMessages, from: chunkStart, through: chunkEnd)
  }

  // MARK: The rest

  /// A file within the file. The chunk that is being filled goes on behind it.
  public mutating func add(_ attachment: MCAPAttachment) -> ByteBuffer {
    var buffer = ByteBuffer()
    attachment.write(to: &buffer)
    summary.attachmentIndexes.append(
      MCAPAttachmentIndex(
        offset: offset, length: UInt64(buffer.readableBytes), logTime: attachment.logTime,
        createTime: attachment.createTime, dataSize: UInt64(attachment.data.readableBytes), name: attachment.name,
        mediaType: attachment.mediaType))
    statistics.attachmentCount += 1
    note(buffer)
    return buffer
  }

  /// Names and values. The chunk that is being filled goes on behind them.
  public mutating func add(_ metadata: MCAPMetadata) -> ByteBuffer {
    var buffer = ByteBuffer()
    MCAPRecord.metadata(metadata).write(to: &buffer)
    summary.metadataIndexes.append(
      MCAPMetadataIndex(offset: offset, length: UInt64(buffer.readableBytes), name: metadata.name))
    statistics.metadataCount += 1
    note(buffer)
    return buffer
  }

  /// The last chunk, the summary and the end of the file. Nothing can be added afterwards.
  public mutating func finish() -> ByteBuffer {
    var buffer = flush() ?? ByteBuffer()
    summary.statistics = statistics
    buffer.writeImmutableBuffer(Self.end(summary, at: offset, crc: crc.value))
    return buffer
  }

  /// The end of the data section, the summary and the footer.
  static func end(_ summary: MCAPSummary, at offset: UInt64, crc: UInt32) -> ByteBuffer {
    var buffer = ByteBuffer()
    MCAPRecord.dataEnd(crc: crc).write(to: &buffer)
    buffer.writeImmutableBuffer(summary.encoded(at: offset + UInt64(buffer.readableBytes)))
    return buffer
  }

  private mutating func note(_ buffer: ByteBuffer) {
    buffer.withUnsafeReadableBytes { crc.update($0) }
    offset += UInt64(buffer.readableBytes)
  }
}
