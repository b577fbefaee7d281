import Compression
import MCAP
import NIOCore
import TestSupport
import Testing

struct MCAPRecordTests {
  private static let records: [MCAPRecord] = [
    .header(MCAPHeader(profile: "p", library: "l")),
    .schema(MCAPSchema(id: 1, name: "n", encoding: "protobuf", data: ByteBuffer(string: "data"))),
    .channel(MCAPChannel(id: 2, schemaID: 1, topic: "/ä", messageEncoding: "e", metadata: ["k": "v"])),
    .message(MCAPMessage(channelID: 2, sequence: 3, logTime: 4, publishTime: 5, data: ByteBuffer(string: "m"))),
    .attachment(
      MCAPAttachment(logTime: 1, createTime: 2, name: "a", mediaType: "m", data: ByteBuffer(string: "file"))),
    .metadata(MCAPMetadata(name: "n", values: ["a": "b", "c": ""])),
    .dataEnd(crc: 7),
  ]

  private static func encoded(_ records: [MCAPRecord]) -> ByteBuffer {
    var buffer = ByteBuffer()
    for record in records { record.write(to: &buffer) }
    return buffer
  }

  @Test func recordsComeInAnyPieces() throws {
    try verifyParser(
      Self.encoded(Self.records), expecting: Self.records, makeParser: { () },
      next: { _, buffer in try MCAPRecord.read(from: &buffer) })
  }

  @Test func lengthsBeyondTheLimitAreRefusedBeforeTheirBytesCome() {
    var limits = MCAPLimits()
    limits.recordBytes = 100
    var buffer = ByteBuffer()
    buffer.writeMultipleIntegers(UInt8(5), UInt64(101), endianness: .little)
    #expect(throws: MCAPError.recordTooLarge(bytes: 101)) { try MCAPRecord.read(from: &buffer, limits: limits) }
    buffer.clear()
    buffer.writeMultipleIntegers(UInt8(5), UInt64.max, endianness: .little)
    #expect(throws: MCAPError.recordTooLarge(bytes: .max)) { try MCAPRecord.read(from: &buffer) }
  }

  @Test func chunksBeyondTheLimitAreRefusedBeforeMemoryIsTaken() throws {
    let file = try MCAPFixture.file(.zstd())
    var limits = MCAPLimits()
    limits.chunkBytes = 10
    var parser = MCAPParser()
    var rest = file.bytes
    var chunks = 0
    while let record = try parser.next(&rest) {
      guard case .chunk(let chunk) = record else { continue }
      chunks += 1
      #expect(throws: MCAPError.chunkTooLarge(bytes: chunk.uncompressedSize)) {
        try chunk.uncompressed(MCAPFixture.known, limits: limits)
      }
      #expect(throws: MCAPError.unknownCompression("zstd")) { try chunk.uncompressed([.lz4]) }
    }
    #expect(chunks > 1)
  }

  @Test func anAttachmentWithAWrongByteIsRefused() throws {
    var bytes = Self.encoded([Self.records[4]])
    let place = bytes.writerIndex - 5
    bytes.setInteger(bytes.getInteger(at: place, as: UInt8.self)! ^ 1, at: place)
    #expect(throws: MCAPError.wrongChecksum) { try MCAPRecord.read(from: &bytes) }
  }

  @Test func recordsOfLaterVersionsArePassedOver() throws {
    var buffer = ByteBuffer()
    buffer.writeMultipleIntegers(UInt8(0x90), UInt64(3), UInt16(1), UInt8(2), endianness: .little)
    #expect(try MCAPRecord.read(from: &buffer) == .other(opcode: 0x90))
    #expect(buffer.readableBytes == 0)
  }

  /// Reads everything that there is to read, whatever the bytes are.
  private func readAll(_ bytes: ByteBuffer) {
    var parser = MCAPParser()
    var rest = bytes
    while let record = try? parser.next(&rest) {
      guard case .chunk(let chunk) = record else { continue }
      var limits = MCAPLimits()
      limits.chunkBytes = 1 << 20
      guard let records = try? chunk.uncompressed(MCAPFixture.known, limits: limits) else { continue }
      _ = try? MCAPChunk.contents(of: records)
    }
    if bytes.readableBytes > MCAPFormat.tailBytes,
      let tail = bytes.getSlice(at: bytes.writerIndex - MCAPFormat.tailBytes, length: MCAPFormat.tailBytes),
      let footer = try? MCAPSummary.footer(tail: tail), footer.summaryStart < UInt64(bytes.readableBytes)
    {
      let start = Int(footer.summaryStart)
      _ = bytes.getSlice(at: start, length: bytes.readableBytes - start)
        .flatMap { try? MCAPSummary(section: $0, footer: footer) }
    }
  }

  @Test(arguments: 0..<3)
  func damagedFilesNeverTrapAndAreRepairedToWholeOnes(way: Int) throws {
    let seeds = [
      try MCAPFixture.file(MCAPFixture.compressions[way], messages: 12, chunkBytes: 200).bytes,
      try MCAPFixture.file(MCAPFixture.compressions[way], messages: 12, finishes: false).bytes,
      Self.encoded(Self.records),
    ]
    try Mutation.forEach(of: seeds, count: 3_000, seed: UInt64(way + 1)) { bytes in
      readAll(bytes)
      var limits = MCAPLimits()
      limits.chunkBytes = 1 << 20
      var recovery = MCAPRecovery(compressions: MCAPFixture.known, limits: limits)
      recovery.receive(bytes)
      guard case .repairable(let repair) = recovery.finish() else { return }
      var whole = try #require(bytes.getSlice(at: bytes.readerIndex, length: Int(repair.keep)))
      whole.writeImmutableBuffer(repair.tail)
      var again = MCAPRecovery(compressions: MCAPFixture.known, limits: limits)
      again.receive(whole)
      #expect(again.finish() == .whole(messages: repair.messages))
    }
  }
}
