import Compression
import FoxgloveBridge
import Foundation
import FoxgloveProtocol
import MCAP
import MediaModel
import NIOCore
import ProtobufWire
import TestSupport
import Testing

@Suite struct RecordedCursorTests {
  private let folder = TemporaryFolder()

  /// A file with these messages, a chunk for each list: (topic, time, whether a key frame).
  private func file(_ chunks: [[(String, UInt64, Bool)]], compression: ChunkCompression? = nil) throws -> String {
    var options = MCAPWriterOptions()
    options.compression = compression
    var writer = MCAPWriter(options)
    var bytes = writer.start()
    var channels: [String: UInt16] = [:]
    for (topic, schema) in [("/video", "foxglove.CompressedVideo"), ("/log", "foxglove.Log")] {
      let id = try writer.addSchema(name: schema, encoding: "protobuf", data: ByteBuffer(bytes: [1]))
      channels[topic] = try writer.addChannel(topic: topic, schemaID: id, messageEncoding: "protobuf")
    }
    for chunk in chunks {
      for (topic, time, isKeyFrame) in chunk {
        let piece = try writer.add(
          to: #require(channels[topic]), logTime: WallTime(nanosSince1970: Int64(time)), at: HostTime(nanos: 0)
        ) { buffer in
          if topic == "/video" {
            buffer.writeProtobuf(3, bytes: ByteBuffer(bytes: [0, 0, 0, 1, isKeyFrame ? 0x65 : 0x41, 0]))
          }
        }
        if let piece { bytes.writeImmutableBuffer(piece) }
      }
      if let piece = writer.flush() { bytes.writeImmutableBuffer(piece) }
    }
    bytes.writeImmutableBuffer(writer.finish())
    let path = folder.path("session.mcap")
    try Data(bytes.readableBytesView).write(to: URL(fileURLWithPath: path))
    return path
  }

  /// Where the second chunk begins in a file.
  private func secondChunk(of file: Data) throws -> Int {
    let footer = try MCAPSummary.footer(tail: ByteBuffer(bytes: file.suffix(MCAPFormat.tailBytes)))
    let summary = try MCAPSummary(section: ByteBuffer(bytes: file[Int(footer.summaryStart)...]), footer: footer)
    return Int(summary.chunkIndexes[1].chunkStartOffset)
  }

  private func times(_ cursor: inout RecordedCursor) -> [UInt64] {
    var times: [UInt64] = []
    while let next = cursor.nextTime, let message = cursor.next() {
      #expect(message.logTime == next)
      times.append(message.logTime)
    }
    return times
  }

  @Test func chunksThatOverlapComeByTime() throws {
    let chunks = [
      [("/video", 10 as UInt64, true), ("/video", 20, false), ("/video", 40, false)],
      [("/log", 15, false), ("/video", 50, true), ("/log", 35, false)],
      [("/log", 45, false), ("/video", 60, false)],
    ]
    for compression in [nil, ChunkCompression.lz4, .zstd()] {
      let file = try RecordedFile(file(chunks, compression: compression))
      #expect(file.channels.map(\.topic) == ["/video", "/log"])
      #expect((file.startTime, file.endTime) == (10, 60))
      var cursor = RecordedCursor(file)
      #expect(times(&cursor) == [10, 15, 20, 35, 40, 45, 50, 60])
    }
  }

  @Test func aJumpBringsTheGroupOfPicturesAndTheLastOfTheRest() throws {
    var cursor = RecordedCursor(
      try RecordedFile(
        file([
          [("/video", 10, true), ("/log", 12, false), ("/video", 20, false)],
          [("/video", 30, true), ("/log", 32, false), ("/video", 40, false)],
          [("/log", 38, false), ("/video", 50, false), ("/video", 60, true)],
        ])))
    #expect(cursor.seek(to: 45).map(\.logTime) == [30, 38, 40])
    #expect(times(&cursor) == [50, 60])
    #expect(cursor.seek(to: 10).map(\.logTime) == [10])
    #expect(cursor.nextTime == 12)
    #expect(cursor.seek(to: 1_000).map(\.logTime) == [38, 60])
    #expect(cursor.nextTime == nil)
    #expect(cursor.seek(to: 5).isEmpty)
    #expect(cursor.nextTime == 10)
  }

  @Test func aDamagedChunkIsLeftOut() throws {
    let path = try file([[("/log", 10, false)], [("/log", 20, false)], [("/log", 30, false)]])
    let whole = try Data(contentsOf: URL(fileURLWithPath: path))
    let start = try secondChunk(of: whole)
    var bytes = whole
    // Behind the fields of the chunk: a byte of its records.
    bytes[start + 60] ^= 0xff
    try bytes.write(to: URL(fileURLWithPath: path))
    var cursor = RecordedCursor(try RecordedFile(path))
    #expect(times(&cursor) == [10, 30])
    #expect(cursor.damagedChunks == 1)
  }

  @Test func whatIsNoWholeFileIsRefused() throws {
    let path = try file([[("/log", 10, false)]])
    let bytes = try Data(contentsOf: URL(fileURLWithPath: path))
    for length in 0..<bytes.count {
      try bytes[..<length].write(to: URL(fileURLWithPath: path))
      #expect(throws: RecordedFileError.self) { try RecordedFile(path) }
    }
    #expect(throws: RecordedFileError.self) { try RecordedFile(folder.path("none")) }
  }
}
