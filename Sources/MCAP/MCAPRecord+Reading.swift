import Checksums
public import NIOCore

extension MCAPRecord {
  /// Takes one record out of the buffer.
  ///
  /// - Returns: `nil`, and leaves the buffer as it was, when a part of the record is still to come.
  /// - Throws: what makes the rest of the bytes unreadable. A length beyond the limits is refused before its bytes have
  ///   to be there.
  public static func read(from buffer: inout ByteBuffer, limits: MCAPLimits = MCAPLimits()) throws(MCAPError)
    -> MCAPRecord?
  {
    let start = buffer.readerIndex
    guard let opcode = buffer.getInteger(at: start, as: UInt8.self) else { return nil }
    guard opcode != 0 else { throw .invalidOpcode }
    guard let length = buffer.getInteger(at: start + 1, endianness: .little, as: UInt64.self) else { return nil }
    guard length <= UInt64(max(0, limits.recordBytes)) else { throw .recordTooLarge(bytes: length) }
    guard buffer.readableBytes - MCAPFormat.recordHeadBytes >= Int(length) else { return nil }
    buffer.moveReaderIndex(forwardBy: MCAPFormat.recordHeadBytes)
    guard var content = buffer.readSlice(length: Int(length)) else { throw .malformedRecord(opcode: opcode) }
    guard let record = try parse(MCAPOpcode(rawValue: opcode), &content) else { throw .malformedRecord(opcode: opcode) }
    return record
  }

  /// All records of a chunk; `each` gets where each begins in `records`.
  static func forEach(
    in records: ByteBuffer, limits: MCAPLimits, _ each: (Int, MCAPRecord) throws(MCAPError) -> Void
  ) throws(MCAPError) {
    var rest = records
    while rest.readableBytes > 0 {
      let offset = rest.readerIndex - records.readerIndex
      guard let record = try read(from: &rest, limits: limits) else { throw .malformedChunk }
      try each(offset, record)
    }
  }

  /// Fields of later versions behind the known ones are passed over.
  private static func parse(_ opcode: MCAPOpcode, _ content: inout ByteBuffer) throws(MCAPError) -> MCAPRecord? {
    switch opcode {
    case .header: MCAPHeader(&content).map { .header($0) }
    case .footer: MCAPFooter(&content).map { .footer($0) }
    case .schema: MCAPSchema(&content).map { .schema($0) }
    case .channel: MCAPChannel(&content).map { .channel($0) }
    case .message: MCAPMessage(&content).map { .message($0) }
    case .chunk: MCAPChunk(&content).map { .chunk($0) }
    case .messageIndex: MCAPMessageIndex(&content).map { .messageIndex($0) }
    case .chunkIndex: MCAPChunkIndex(&content).map { .chunkIndex($0) }
    case .attachment: try MCAPAttachment.read(&content).map { .attachment($0) }
    case .attachmentIndex: MCAPAttachmentIndex(&content).map { .attachmentIndex($0) }
    case .statistics: MCAPStatistics(&content).map { .statistics($0) }
    case .metadata: MCAPMetadata(&content).map { .metadata($0) }
    case .metadataIndex: MCAPMetadataIndex(&content).map { .metadataIndex($0) }
    case .summaryOffset: MCAPSummaryOffset(&content).map { .summaryOffset($0) }
    case .dataEnd: content.readMCAP(UInt32.self).map { .dataEnd(crc: $0) }
    default: .other(opcode: opcode.rawValue)
    }
  }
}

extension ByteBuffer {
  mutating func readMCAP<Value: FixedWidthInteger>(_ type: Value.Type) -> Value? { readInteger(endianness: .little) }

  mutating func readMCAPText() -> String? {
    guard let length = readMCAP(UInt32.self), Int(length) <= readableBytes, let slice = readSlice(length: Int(length))
    else { return nil }
    return String(validating: slice.readableBytesView, as: UTF8.self)
  }

  mutating func readMCAPBytes() -> ByteBuffer? {
    guard let length = readMCAP(UInt32.self), Int(length) <= readableBytes else { return nil }
    return readSlice(length: Int(length))
  }

  /// Of two values for one key the later counts.
  mutating func readMCAPMap() -> [String: String]? {
    guard var entries = readMCAPBytes() else { return nil }
    var map: [String: String] = [:]
    while entries.readableBytes > 0 {
      guard let key = entries.readMCAPText(), let value = entries.readMCAPText() else { return nil }
      map[key] = value
    }
    return map
  }
}

extension MCAPHeader {
  fileprivate init?(_ content: inout ByteBuffer) {
    guard let profile = content.readMCAPText(), let library = content.readMCAPText() else { return nil }
    self.init(profile: profile, library: library)
  }
}

extension MCAPFooter {
  init?(_ content: inout ByteBuffer) {
    guard let start = content.readMCAP(UInt64.self), let offsets = content.readMCAP(UInt64.self),
      let crc = content.readMCAP(UInt32.self)
    else { return nil }
    self.init(summaryStart: start, summaryOffsetStart: offsets, summaryCRC: crc)
  }
}

extension MCAPSchema {
  fileprivate init?(_ content: inout ByteBuffer) {
    guard let id = content.readMCAP(UInt16.self), id != 0, let name = content.readMCAPText(),
      let encoding = content.readMCAPText(), let data = content.readMCAPBytes()
    else { return nil }
    self.init(id: id, name: name, encoding: encoding, data: data)
  }
}

extension MCAPChannel {
  fileprivate init?(_ content: inout ByteBuffer) {
    guard let id = content.readMCAP(UInt16.self), let schema = content.readMCAP(UInt16.self),
      let topic = content.readMCAPText(), let encoding = content.readMCAPText(), let metadata = content.readMCAPMap()
    else { return nil }
    self.init(id: id, schemaID: schema, topic: topic, messageEncoding: encoding, metadata: metadata)
  }
}

extension MCAPMessage {
  fileprivate init?(_ content: inout ByteBuffer) {
    guard
      let (channel, sequence, logTime, publishTime) = content.readMultipleIntegers(
        endianness: .little, as: (UInt16, UInt32, UInt64, UInt64).self)
    else { return nil }
    self.init(channelID: channel, sequence: sequence, logTime: logTime, publishTime: publishTime, data: content)
  }
}

extension MCAPChunk {
  fileprivate init?(_ content: inout ByteBuffer) {
    guard
      let (start, end, size, crc) = content.readMultipleIntegers(
        endianness: .little, as: (UInt64, UInt64, UInt64, UInt32).self),
      let compression = content.readMCAPText(), let length = content.readMCAP(UInt64.self),
      length <= UInt64(content.readableBytes), let records = content.readSlice(length: Int(length))
    else { return nil }
    self.init(
      messageStartTime: start, messageEndTime: end, uncompressedSize: size, uncompressedCRC: crc,
      compression: compression, records: records)
  }
}

extension MCAPMessageIndex {
  fileprivate init?(_ content: inout ByteBuffer) {
    guard let channel = content.readMCAP(UInt16.self), var pairs = content.readMCAPBytes() else { return nil }
    var entries: [Entry] = []
    entries.reserveCapacity(pairs.readableBytes / Self.entryBytes)
    while pairs.readableBytes > 0 {
      guard let (time, offset) = pairs.readMultipleIntegers(endianness: .little, as: (UInt64, UInt64).self) else {
        return nil
      }
      entries.append(Entry(logTime: time, offset: offset))
    }
    self.init(channelID: channel, entries: entries)
  }
}

extension MCAPChunkIndex {
  fileprivate init?(_ content: inout ByteBuffer) {
    guard
      let (start, end, offset, length) = content.readMultipleIntegers(
        endianness: .little, as: (UInt64, UInt64, UInt64, UInt64).self), var pairs = content.readMCAPBytes()
    else { return nil }
    var offsets: [MessageIndexOffset] = []
    while pairs.readableBytes > 0 {
      guard let (channel, place) = pairs.readMultipleIntegers(endianness: .little, as: (UInt16, UInt64).self) else {
        return nil
      }
      offsets.append(MessageIndexOffset(channelID: channel, offset: place))
    }
    guard let indexLength = content.readMCAP(UInt64.self), let compression = content.readMCAPText(),
      let compressed = content.readMCAP(UInt64.self), let uncompressed = content.readMCAP(UInt64.self)
    else { return nil }
    self.init(
      messageStartTime: start, messageEndTime: end, chunkStartOffset: offset, chunkLength: length,
      messageIndexOffsets: offsets, messageIndexLength: indexLength, compression: compression,
      compressedSize: compressed, uncompressedSize: uncompressed)
  }
}

extension MCAPAttachment {
  fileprivate static func read(_ content: inout ByteBuffer) throws(MCAPError) -> MCAPAttachment? {
    let whole = content
    guard let logTime = content.readMCAP(UInt64.self), let createTime = content.readMCAP(UInt64.self),
      let name = content.readMCAPText(), let mediaType = content.readMCAPText(),
      let length = content.readMCAP(UInt64.self), length <= UInt64(content.readableBytes),
      let data = content.readSlice(length: Int(length))
    else { return nil }
    let covered = content.readerIndex - whole.readerIndex
    guard let crc = content.readMCAP(UInt32.self) else { return nil }
    let sum = whole.withUnsafeReadableBytes {
      CRC32.checksum(of: UnsafeRawBufferPointer(rebasing: $0[..<covered]))
    }
    guard crc == 0 || crc == sum else { throw .wrongChecksum }
    return MCAPAttachment(logTime: logTime, createTime: createTime, name: name, mediaType: mediaType, data: data)
  }
}

extension MCAPAttachmentIndex {
  fileprivate init?(_ content: inout ByteBuffer) {
    guard
      let (offset, length, logTime, createTime, size) = content.readMultipleIntegers(
        endianness: .little, as: (UInt64, UInt64, UInt64, UInt64, UInt64).self),
      let name = content.readMCAPText(), let mediaType = content.readMCAPText()
    else { return nil }
    self.init(
      offset: offset, length: length, logTime: logTime, createTime: createTime, dataSize: size, name: name,
      mediaType: mediaType)
  }
}

extension MCAPStatistics {
  fileprivate init?(_ content: inout ByteBuffer) {
    guard
      let (messages, schemas, channels, attachments, metadata, chunks) = content.readMultipleIntegers(
        endianness: .little, as: (UInt64, UInt16, UInt32, UInt32, UInt32, UInt32).self),
      let start = content.readMCAP(UInt64.self), let end = content.readMCAP(UInt64.self),
      var pairs = content.readMCAPBytes()
    else { return nil }
    self.init()
    messageCount = messages
    schemaCount = schemas
    channelCount = channels
    attachmentCount = attachments
    metadataCount = metadata
    chunkCount = chunks
    messageStartTime = start
    messageEndTime = end
    while pairs.readableBytes > 0 {
      guard let (id, count) = pairs.readMultipleIntegers(endianness: .little, as: (UInt16, UInt64).self) else {
        return nil
      }
      channelMessageCounts[id] = count
    }
  }
}

extension MCAPMetadata {
  fileprivate init?(_ content: inout ByteBuffer) {
    guard let name = content.readMCAPText(), let values = content.readMCAPMap() else { return nil }
    self.init(name: name, values: values)
  }
}

extension MCAPMetadataIndex {
  fileprivate init?(_ content: inout ByteBuffer) {
    guard let offset = content.readMCAP(UInt64.self), let length = content.readMCAP(UInt64.self),
      let name = content.readMCAPText()
    else { return nil }
    self.init(offset: offset, length: length, name: name)
  }
}

extension MCAPSummaryOffset {
  fileprivate init?(_ content: inout ByteBuffer) {
    guard let opcode = content.readMCAP(UInt8.self), let start = content.readMCAP(UInt64.self),
      let length = content.readMCAP(UInt64.self)
    else { return nil }
    self.init(groupOpcode: opcode, groupStart: start, groupLength: length)
  }
}
