import Checksums
import Compression
import MCAP
import MediaModel
import NIOCore
import TestSupport
import Testing

struct MCAPWriterTests {
  @Test(arguments: 0..<3)
  func whatIsWrittenIsRead(way: Int) throws {
    let file = try MCAPFixture.file(MCAPFixture.compressions[way])
    #expect(try MCAPFixture.messages(of: file.bytes) == file.messages)
    #expect(try MCAPFixture.file(MCAPFixture.compressions[way]).bytes == file.bytes)
  }

  @Test func theSummaryLeadsToEverything() throws {
    let file = try MCAPFixture.file(.zstd())
    let summary = try MCAPFixture.summary(of: file.bytes)
    let statistics = try #require(summary.statistics)
    #expect(statistics.messageCount == 60 && statistics.channelCount == 3 && statistics.schemaCount == 1)
    #expect(statistics.channelMessageCounts == [1: 20, 2: 20, 3: 20])
    #expect(statistics.attachmentCount == 1 && statistics.metadataCount == 1)
    #expect(statistics.messageStartTime == UInt64(MCAPFixture.start.nanosSince1970))
    #expect(statistics.messageEndTime == statistics.messageStartTime + 5_900_000_000)
    #expect(summary.schemas[1]?.name == "tests.Thing" && summary.channels[3]?.topic == "/c")
    #expect(summary.channels[2]?.metadata == ["a": "1", "b": "2"])
    #expect(summary.chunkIndexes.count == Int(statistics.chunkCount))
    var indexed: [MCAPFixture.Written] = []
    for index in summary.chunkIndexes {
      var chunkBytes = try #require(
        file.bytes.getSlice(at: Int(index.chunkStartOffset), length: Int(index.chunkLength)))
      guard case .chunk(let chunk)? = try MCAPRecord.read(from: &chunkBytes) else {
        Issue.record("no chunk where the index says")
        return
      }
      let records = try chunk.uncompressed(MCAPFixture.known)
      var places = try #require(
        file.bytes.getSlice(
          at: Int(index.chunkStartOffset + index.chunkLength), length: Int(index.messageIndexLength)))
      while case .messageIndex(let messages)? = try MCAPRecord.read(from: &places) {
        for entry in messages.entries {
          var message = try #require(
            records.getSlice(at: Int(entry.offset), length: records.readableBytes - Int(entry.offset)))
          guard case .message(let found)? = try MCAPRecord.read(from: &message) else {
            Issue.record("no message where the index says")
            return
          }
          #expect(found.logTime == entry.logTime && found.channelID == messages.channelID)
          indexed.append(
            .init(channel: found.channelID, sequence: found.sequence, nanos: found.logTime, data: found.data))
        }
      }
      #expect(places.readableBytes == 0)
    }
    #expect(indexed.sorted { $0.nanos < $1.nanos } == file.messages)
  }

  @Test func aChunkComesOutAfterASecond() throws {
    var writer = MCAPWriter()
    _ = writer.start()
    let channel = try writer.addChannel(topic: "/t", schemaID: 0, messageEncoding: "json")
    let data = ByteBuffer(string: "{}")
    #expect(writer.nextFlush == nil)
    #expect(try writer.add(data, to: channel, logTime: MCAPFixture.start, at: HostTime(nanos: 5)) == nil)
    #expect(writer.nextFlush == HostTime(nanos: 1_000_000_005))
    #expect(writer.flushIfDue(at: HostTime(nanos: 1_000_000_004)) == nil)
    #expect(writer.flushIfDue(at: HostTime(nanos: 1_000_000_005)) != nil)
    #expect(writer.nextFlush == nil && writer.flush() == nil)
  }

  @Test func aChunkComesOutWhenItIsLarge() throws {
    let file = try MCAPFixture.file(nil, chunkBytes: 200)
    let summary = try MCAPFixture.summary(of: file.bytes)
    #expect(summary.chunkIndexes.count > 10)
    #expect(try MCAPFixture.messages(of: file.bytes) == file.messages)
  }

  @Test func whatDoesNotCompressIsStored() throws {
    var random = SeededGenerator(seed: 1)
    var options = MCAPWriterOptions()
    options.compression = .zstd()
    var writer = MCAPWriter(options)
    var bytes = writer.start()
    let channel = try writer.addChannel(topic: "/noise", schemaID: 0, messageEncoding: "raw")
    let noise = ByteBuffer(bytes: random.bytes(100_000))
    _ = try writer.add(noise, to: channel, logTime: MCAPFixture.start, at: HostTime(nanos: 0))
    bytes.writeImmutableBuffer(writer.finish())
    #expect(try MCAPFixture.summary(of: bytes).chunkIndexes.map(\.compression) == [""])
    #expect(try MCAPFixture.messages(of: bytes).map(\.data) == [noise])
  }

  @Test func anEmptyFileIsWhole() throws {
    var writer = MCAPWriter()
    var bytes = writer.start()
    bytes.writeImmutableBuffer(writer.finish())
    #expect(try MCAPFixture.summary(of: bytes).statistics == MCAPStatistics())
    var recovery = MCAPRecovery(compressions: [])
    recovery.receive(bytes)
    #expect(recovery.finish() == .whole(messages: 0))
  }

  @Test func whatIsTooLargeOrForNobodyIsRefused() throws {
    var options = MCAPWriterOptions()
    options.limits.messageBytes = 10
    var writer = MCAPWriter(options)
    var bytes = writer.start()
    let channel = try writer.addChannel(topic: "/t", schemaID: 0, messageEncoding: "raw")
    let now = HostTime(nanos: 0)
    #expect(throws: MCAPError.messageTooLarge(bytes: 11)) {
      try writer.add(ByteBuffer(repeating: 1, count: 11), to: channel, logTime: MCAPFixture.start, at: now)
    }
    #expect(throws: MCAPError.unknownChannel(2)) {
      try writer.add(ByteBuffer(), to: 2, logTime: MCAPFixture.start, at: now)
    }
    #expect(throws: MCAPError.tooManyChannels) {
      try writer.addChannel(topic: "/u", schemaID: 1, messageEncoding: "raw")
    }
    _ = try writer.add(ByteBuffer(repeating: 2, count: 10), to: channel, logTime: MCAPFixture.start, at: now)
    bytes.writeImmutableBuffer(writer.finish())
    #expect(try MCAPFixture.messages(of: bytes).map(\.data) == [ByteBuffer(repeating: 2, count: 10)])
  }

  @Test(arguments: 0..<3)
  func theDataChecksumIsThatOfTheBytesInFront(way: Int) throws {
    let file = try MCAPFixture.file(MCAPFixture.compressions[way])
    var parser = MCAPParser()
    var rest = file.bytes
    var end = 0
    while let record = try parser.next(&rest) {
      if case .dataEnd(let crc) = record {
        #expect(
          crc
            == file.bytes.withUnsafeReadableBytes { CRC32.checksum(of: UnsafeRawBufferPointer(rebasing: $0[..<end])) })
      }
      end = Int(parser.offset)
    }
    #expect(parser.isEnded)
  }
}
