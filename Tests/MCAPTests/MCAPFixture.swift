import Compression
import MCAP
import MediaModel
import NIOCore
import TestSupport

/// Small files that have every kind of record.
enum MCAPFixture {
  static let start = WallTime(nanosSince1970: 1_700_000_000_000_000_000)

  static let known = ChunkCompression.all()

  static let compressions: [ChunkCompression?] = [nil, .zstd(), .lz4]

  /// A message that was written, as a reader should see it.
  struct Written: Equatable {
    var channel: UInt16
    var sequence: UInt32
    var nanos: UInt64
    var data: ByteBuffer
  }

  struct File {
    var bytes = ByteBuffer()
    var messages: [Written] = []
    /// Where pieces end: the file may be cut there without a loss.
    var ends: [Int] = []

    mutating func append(_ piece: ByteBuffer?) {
      guard let piece else { return }
      bytes.writeImmutableBuffer(piece)
      ends.append(bytes.readableBytes)
    }
  }

  /// - Parameter messages: 10 a second, on three topics in turn.
  static func file(
    _ compression: ChunkCompression?, messages: Int = 60, finishes: Bool = true, chunkBytes: Int = 1 << 20
  ) throws -> File {
    var options = MCAPWriterOptions()
    options.compression = compression
    options.chunkBytes = chunkBytes
    options.profile = "tests"
    var writer = MCAPWriter(options)
    var file = File()
    file.append(writer.start())
    let schema = try writer.addSchema(name: "tests.Thing", encoding: "protobuf", data: ByteBuffer(string: "schema"))
    var channels: [UInt16] = []
    for (topic, id) in [("/a", schema), ("/b", schema), ("/c", 0)] {
      channels.append(
        try writer.addChannel(topic: topic, schemaID: id, messageEncoding: "protobuf", metadata: ["b": "2", "a": "1"]))
    }
    var sequences = [UInt32](repeating: 0, count: 3)
    for index in 0..<messages {
      let nanos = Int64(index) * 100_000_000
      let data = ByteBuffer(string: String(repeating: "message \(index) ", count: index % 5 * 3))
      let place = index % 3
      file.append(
        try writer.add(
          data, to: channels[place], logTime: start.advanced(by: Nanoseconds(nanos)), at: HostTime(nanos: nanos)))
      file.messages.append(
        Written(
          channel: channels[place], sequence: sequences[place], nanos: UInt64(start.nanosSince1970 + nanos), data: data)
      )
      sequences[place] += 1
      if index == messages / 2 {
        file.append(
          writer.add(
            MCAPAttachment(
              logTime: 1, createTime: 2, name: "map.ply", mediaType: "model/ply", data: ByteBuffer(string: "ply"))))
        file.append(writer.add(MCAPMetadata(name: "session", values: ["stream": "drone", "camera": "x"])))
      }
    }
    if finishes { file.append(writer.finish()) }
    return file
  }

  /// All messages of a file, in its order, with every checksum verified.
  static func messages(of bytes: ByteBuffer) throws -> [Written] {
    var parser = MCAPParser()
    var rest = bytes
    var messages: [Written] = []
    while let record = try parser.next(&rest) {
      switch record {
      case .chunk(let chunk):
        for case .message(let message) in try MCAPChunk.contents(
          of: try chunk.uncompressed(MCAPFixture.known))
        {
          messages.append(written(message))
        }
      case .message(let message): messages.append(written(message))
      default: break
      }
    }
    return messages
  }

  private static func written(_ message: MCAPMessage) -> Written {
    Written(channel: message.channelID, sequence: message.sequence, nanos: message.logTime, data: message.data)
  }

  /// The summary, as a reader finds it from the end of the file.
  static func summary(of bytes: ByteBuffer) throws -> MCAPSummary {
    let count = bytes.readableBytes
    let tail = bytes.getSlice(at: count - MCAPFormat.tailBytes, length: MCAPFormat.tailBytes)!
    let footer = try MCAPSummary.footer(tail: tail)
    let start = Int(footer.summaryStart)
    return try MCAPSummary(section: bytes.getSlice(at: start, length: count - start)!, footer: footer)
  }
}
