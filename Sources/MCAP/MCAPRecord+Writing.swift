import Checksums
public import NIOCore

extension ByteBuffer {
  /// A text or bytes behind their length in 32 bits.
  mutating func writeMCAP(_ text: String) {
    writeInteger(UInt32(clamping: text.utf8.count), endianness: .little)
    writeString(text)
  }

  mutating func writeMCAP(_ values: UInt64...) {
    for value in values { writeInteger(value, endianness: .little) }
  }

  /// Ascending by key, so that the same map gives the same bytes.
  mutating func writeMCAP(_ map: [String: String]) {
    let sorted = map.sorted { $0.key < $1.key }
    writeInteger(
      UInt32(clamping: sorted.reduce(0) { $0 + 8 + $1.key.utf8.count + $1.value.utf8.count }), endianness: .little)
    for (key, value) in sorted {
      writeMCAP(key)
      writeMCAP(value)
    }
  }

  /// Opcode and length, and what `body` writes between.
  mutating func writeMCAPRecord(_ opcode: MCAPOpcode, _ body: (inout ByteBuffer) -> Void) {
    writeInteger(opcode.rawValue)
    let lengthIndex = writerIndex
    writeInteger(UInt64(0))
    body(&self)
    setInteger(UInt64(writerIndex - lengthIndex - 8), at: lengthIndex, endianness: .little)
  }
}

extension MCAPRecord {
  /// Appends the record as a file has it. The same record gives the same bytes.
  ///
  /// A record of kind ``other(opcode:)`` has no content.
  public func write(to buffer: inout ByteBuffer) {
    switch self {
    case .header(let header):
      buffer.writeMCAPRecord(.header) {
        $0.writeMCAP(header.profile)
        $0.writeMCAP(header.library)
      }
    case .footer(let footer):
      buffer.writeMCAPRecord(.footer) {
        $0.writeMCAP(footer.summaryStart, footer.summaryOffsetStart)
        $0.writeInteger(footer.summaryCRC, endianness: .little)
      }
    case .schema(let schema): schema.write(to: &buffer)
    case .channel(let channel): channel.write(to: &buffer)
    case .message(let message): message.write(to: &buffer)
    case .chunk(let chunk): chunk.write(to: &buffer)
    case .messageIndex(let index): index.write(to: &buffer)
    case .chunkIndex(let index): index.write(to: &buffer)
    case .attachment(let attachment): attachment.write(to: &buffer)
    case .attachmentIndex(let index): index.write(to: &buffer)
    case .statistics(let statistics): statistics.write(to: &buffer)
    case .metadata(let metadata):
      buffer.writeMCAPRecord(.metadata) {
        $0.writeMCAP(metadata.name)
        $0.writeMCAP(metadata.values)
      }
    case .metadataIndex(let index):
      buffer.writeMCAPRecord(.metadataIndex) {
        $0.writeMCAP(index.offset, index.length)
        $0.writeMCAP(index.name)
      }
    case .summaryOffset(let offset):
      buffer.writeMCAPRecord(.summaryOffset) {
        $0.writeInteger(offset.groupOpcode)
        $0.writeMCAP(offset.groupStart, offset.groupLength)
      }
    case .dataEnd(let crc): buffer.writeMCAPRecord(.dataEnd) { $0.writeInteger(crc, endianness: .little) }
    case .other(let opcode): buffer.writeMCAPRecord(MCAPOpcode(rawValue: opcode)) { _ in }
    }
  }
}

extension MCAPSchema {
  func write(to buffer: inout ByteBuffer) {
    buffer.writeMCAPRecord(.schema) {
      $0.writeInteger(id, endianness: .little)
      $0.writeMCAP(name)
      $0.writeMCAP(encoding)
      $0.writeInteger(UInt32(clamping: data.readableBytes), endianness: .little)
      $0.writeImmutableBuffer(data)
    }
  }
}

extension MCAPChannel {
  func write(to buffer: inout ByteBuffer) {
    buffer.writeMCAPRecord(.channel) {
      $0.writeMultipleIntegers(id, schemaID, endianness: .little)
      $0.writeMCAP(topic)
      $0.writeMCAP(messageEncoding)
      $0.writeMCAP(metadata)
    }
  }
}

extension MCAPMessage {
  /// Of the content in front of the data.
  static let headBytes = 2 + 4 + 8 + 8

  func write(to buffer: inout ByteBuffer) {
    buffer.writeMultipleIntegers(
      MCAPOpcode.message.rawValue, UInt64(Self.headBytes + data.readableBytes), channelID, sequence, logTime,
      publishTime, endianness: .little)
    buffer.writeImmutableBuffer(data)
  }
}

extension MCAPChunk {
  /// What stands in front of a chunk's records.
  struct Head {
    var messageStartTime: UInt64
    var messageEndTime: UInt64
    var uncompressedSize: UInt64
    var uncompressedCRC: UInt32
    var compression: String
    /// As they are stored.
    var recordsBytes: Int

    /// Opcode and length among them.
    static func bytes(compression: String) -> Int {
      MCAPFormat.recordHeadBytes + 8 + 8 + 8 + 4 + 4 + compression.utf8.count + 8
    }

    var encoded: ByteBuffer {
      var buffer = ByteBuffer()
      let length = Self.bytes(compression: compression) - MCAPFormat.recordHeadBytes + recordsBytes
      buffer.writeMultipleIntegers(
        MCAPOpcode.chunk.rawValue, UInt64(length), messageStartTime, messageEndTime, uncompressedSize, uncompressedCRC,
        endianness: .little)
      buffer.writeMCAP(compression)
      buffer.writeInteger(UInt64(recordsBytes), endianness: .little)
      return buffer
    }
  }

  func write(to buffer: inout ByteBuffer) {
    let head = Head(
      messageStartTime: messageStartTime, messageEndTime: messageEndTime, uncompressedSize: uncompressedSize,
      uncompressedCRC: uncompressedCRC, compression: compression, recordsBytes: records.readableBytes)
    buffer.writeImmutableBuffer(head.encoded)
    buffer.writeImmutableBuffer(records)
  }
}

extension MCAPMessageIndex {
  static let entryBytes = 16

  func write(to buffer: inout ByteBuffer) {
    buffer.writeMCAPRecord(.messageIndex) {
      $0.writeInteger(channelID, endianness: .little)
      $0.writeInteger(UInt32(clamping: entries.count * Self.entryBytes), endianness: .little)
      for entry in entries { $0.writeMultipleIntegers(entry.logTime, entry.offset, endianness: .little) }
    }
  }
}

extension MCAPChunkIndex {
  func write(to buffer: inout ByteBuffer) {
    buffer.writeMCAPRecord(.chunkIndex) {
      $0.writeMCAP(messageStartTime, messageEndTime, chunkStartOffset, chunkLength)
      $0.writeInteger(UInt32(clamping: messageIndexOffsets.count * 10), endianness: .little)
      for entry in messageIndexOffsets { $0.writeMultipleIntegers(entry.channelID, entry.offset, endianness: .little) }
      $0.writeMCAP(messageIndexLength)
      $0.writeMCAP(compression)
      $0.writeMCAP(compressedSize, uncompressedSize)
    }
  }
}

extension MCAPAttachment {
  func write(to buffer: inout ByteBuffer) {
    buffer.writeMCAPRecord(.attachment) { content in
      let start = content.writerIndex
      content.writeMCAP(logTime, createTime)
      content.writeMCAP(name)
      content.writeMCAP(mediaType)
      content.writeMCAP(UInt64(data.readableBytes))
      content.writeImmutableBuffer(data)
      let crc = content.viewBytes(at: start, length: content.writerIndex - start)?
        .withUnsafeBytes { CRC32.checksum(of: $0) }
      content.writeInteger(crc ?? 0, endianness: .little)
    }
  }
}

extension MCAPAttachmentIndex {
  func write(to buffer: inout ByteBuffer) {
    buffer.writeMCAPRecord(.attachmentIndex) {
      $0.writeMCAP(offset, length, logTime, createTime, dataSize)
      $0.writeMCAP(name)
      $0.writeMCAP(mediaType)
    }
  }
}

extension MCAPStatistics {
  func write(to buffer: inout ByteBuffer) {
    buffer.writeMCAPRecord(.statistics) {
      $0.writeMultipleIntegers(
        messageCount, schemaCount, channelCount, attachmentCount, metadataCount, chunkCount, messageStartTime,
        messageEndTime, endianness: .little)
      $0.writeInteger(UInt32(clamping: channelMessageCounts.count * 10), endianness: .little)
      for (id, count) in channelMessageCounts.sorted(by: { $0.key < $1.key }) {
        $0.writeMultipleIntegers(id, count, endianness: .little)
      }
    }
  }
}
