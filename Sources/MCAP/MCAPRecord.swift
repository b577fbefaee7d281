public import NIOCore

/// The first record of a file.
public struct MCAPHeader: Hashable, Sendable {
  /// A set of conventions for schemas and metadata; empty for none.
  public var profile: String
  /// Who wrote the file.
  public var library: String

  public init(profile: String = "", library: String) {
    self.profile = profile
    self.library = library
  }
}

/// The last record of a file.
public struct MCAPFooter: Hashable, Sendable {
  /// Offset of the summary section from the start of the file; 0: there is none.
  public var summaryStart: UInt64
  /// Offset of the first summary offset record; 0: there is none.
  public var summaryOffsetStart: UInt64
  /// CRC-32 from `summaryStart` through `summaryOffsetStart`; 0: not known.
  public var summaryCRC: UInt32
}

/// What the messages of a channel look like.
public struct MCAPSchema: Hashable, Sendable {
  /// Unique in the file, not 0.
  public var id: UInt16
  /// For protobuf, the full name of the message.
  public var name: String
  /// Such as `protobuf`, `ros2msg`, `jsonschema`.
  public var encoding: String
  /// For protobuf, a FileDescriptorSet.
  public var data: ByteBuffer

  public init(id: UInt16, name: String, encoding: String, data: ByteBuffer) {
    self.id = id
    self.name = name
    self.encoding = encoding
    self.data = data
  }
}

/// A topic: messages of one kind.
public struct MCAPChannel: Hashable, Sendable {
  /// Unique in the file.
  public var id: UInt16
  /// 0: without schema.
  public var schemaID: UInt16
  public var topic: String
  /// Such as `protobuf`, `cdr`, `json`.
  public var messageEncoding: String
  public var metadata: [String: String]

  public init(id: UInt16, schemaID: UInt16, topic: String, messageEncoding: String, metadata: [String: String] = [:]) {
    self.id = id
    self.schemaID = schemaID
    self.topic = topic
    self.messageEncoding = messageEncoding
    self.metadata = metadata
  }
}

/// One message.
public struct MCAPMessage: Hashable, Sendable {
  public var channelID: UInt16
  /// Rises with each message of a channel; 0 where the writer does not count.
  public var sequence: UInt32
  /// When it was recorded, nanoseconds since 1970.
  public var logTime: UInt64
  /// When it was published, nanoseconds since 1970.
  public var publishTime: UInt64
  /// Shares the bytes of what was parsed.
  public var data: ByteBuffer

  public init(channelID: UInt16, sequence: UInt32, logTime: UInt64, publishTime: UInt64, data: ByteBuffer) {
    self.channelID = channelID
    self.sequence = sequence
    self.logTime = logTime
    self.publishTime = publishTime
    self.data = data
  }
}

/// Schemas, channels and messages, compressed together.
public struct MCAPChunk: Hashable, Sendable {
  /// Earliest and latest log time of the messages; 0 when there are none.
  public var messageStartTime: UInt64
  public var messageEndTime: UInt64
  public var uncompressedSize: UInt64
  /// CRC-32 of the uncompressed records; 0: not known.
  public var uncompressedCRC: UInt32
  /// `zstd`, `lz4`, or empty.
  public var compression: String
  public var records: ByteBuffer
}

/// Where the messages of one channel are in the chunk in front.
public struct MCAPMessageIndex: Hashable, Sendable {
  public struct Entry: Hashable, Sendable {
    public var logTime: UInt64
    /// From the start of the uncompressed records of the chunk.
    public var offset: UInt64

    public init(logTime: UInt64, offset: UInt64) {
      self.logTime = logTime
      self.offset = offset
    }
  }

  public var channelID: UInt16
  public var entries: [Entry]
}

/// Where a chunk is, and what is in it.
public struct MCAPChunkIndex: Hashable, Sendable {
  public struct MessageIndexOffset: Hashable, Sendable {
    public var channelID: UInt16
    /// From the start of the file.
    public var offset: UInt64
  }

  public var messageStartTime: UInt64
  public var messageEndTime: UInt64
  /// Of the chunk record, from the start of the file.
  public var chunkStartOffset: UInt64
  /// Of the chunk record, opcode and length among it.
  public var chunkLength: UInt64
  /// Ascending by channel as this program writes them.
  public var messageIndexOffsets: [MessageIndexOffset]
  /// Bytes of the message indexes behind the chunk.
  public var messageIndexLength: UInt64
  public var compression: String
  public var compressedSize: UInt64
  public var uncompressedSize: UInt64
}

/// A file within the file.
public struct MCAPAttachment: Hashable, Sendable {
  public var logTime: UInt64
  public var createTime: UInt64
  public var name: String
  public var mediaType: String
  public var data: ByteBuffer

  public init(logTime: UInt64, createTime: UInt64, name: String, mediaType: String, data: ByteBuffer) {
    self.logTime = logTime
    self.createTime = createTime
    self.name = name
    self.mediaType = mediaType
    self.data = data
  }
}

/// Where an attachment is.
public struct MCAPAttachmentIndex: Hashable, Sendable {
  public var offset: UInt64
  public var length: UInt64
  public var logTime: UInt64
  public var createTime: UInt64
  public var dataSize: UInt64
  public var name: String
  public var mediaType: String
}

/// What is in the file, in numbers.
public struct MCAPStatistics: Hashable, Sendable {
  public var messageCount: UInt64 = 0
  public var schemaCount: UInt16 = 0
  public var channelCount: UInt32 = 0
  public var attachmentCount: UInt32 = 0
  public var metadataCount: UInt32 = 0
  public var chunkCount: UInt32 = 0
  /// Earliest and latest log time; 0 when there are no messages.
  public var messageStartTime: UInt64 = 0
  public var messageEndTime: UInt64 = 0
  public var channelMessageCounts: [UInt16: UInt64] = [:]

  public init() {}
}

/// Names and values for whatever a writer wants to say.
public struct MCAPMetadata: Hashable, Sendable {
  public var name: String
  public var values: [String: String]

  public init(name: String, values: [String: String]) {
    self.name = name
    self.values = values
  }
}

/// Where a metadata record is.
public struct MCAPMetadataIndex: Hashable, Sendable {
  public var offset: UInt64
  public var length: UInt64
  public var name: String
}

/// Where the records of one kind are in the summary section.
public struct MCAPSummaryOffset: Hashable, Sendable {
  public var groupOpcode: UInt8
  public var groupStart: UInt64
  public var groupLength: UInt64
}

/// One record of a file. Source: the MCAP specification, "Records".
public enum MCAPRecord: Hashable, Sendable {
  case header(MCAPHeader)
  case footer(MCAPFooter)
  case schema(MCAPSchema)
  case channel(MCAPChannel)
  case message(MCAPMessage)
  case chunk(MCAPChunk)
  case messageIndex(MCAPMessageIndex)
  case chunkIndex(MCAPChunkIndex)
  case attachment(MCAPAttachment)
  case attachmentIndex(MCAPAttachmentIndex)
  case statistics(MCAPStatistics)
  case metadata(MCAPMetadata)
  case metadataIndex(MCAPMetadataIndex)
  case summaryOffset(MCAPSummaryOffset)
  /// The end of the data section, with the CRC-32 of all bytes in front of it; 0: not known.
  case dataEnd(crc: UInt32)
  /// A record of a later version, or of another program: to be passed over.
  case other(opcode: UInt8)
}
