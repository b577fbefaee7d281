import Checksums
import NIOCore
import ProtobufWire
import RerunLog
import Testing

@Suite struct RerunFileTests {
  /// The end of a file as a reader finds it.
  private struct End {
    var place: Int
    var footer: ByteBuffer
    var manifests: [[ProtobufField]]

    /// - Returns: `nil` without an end, or with one that is wrong.
    init?(of file: ByteBuffer) throws {
      guard file.readableBytes > 44, let mark = file.getString(at: file.writerIndex - 12, length: 8),
        mark == "RRF2FOOT",
        let place = file.getInteger(at: file.writerIndex - 32, endianness: .little, as: UInt64.self),
        let count = file.getInteger(at: file.writerIndex - 24, endianness: .little, as: UInt64.self),
        let checksum = file.getInteger(at: file.writerIndex - 16, endianness: .little, as: UInt32.self),
        let footer = file.getSlice(at: Int(place), length: Int(count))
      else { return nil }
      guard footer.withUnsafeReadableBytes({ XXHash32.checksum(of: $0, seed: 7_850_921) }) == checksum else {
        return nil
      }
      self.place = Int(place)
      self.footer = footer
      manifests = try ProtobufReader.fields(of: footer).compactMap { field in
        try field.bytes.map { try ProtobufReader.fields(of: $0) }
      }
    }
  }

  @Test func endIsFoundFromBehindAndHasEachStore() throws {
    let file = RerunFixture.file(of: RerunFixture.messages())
    let end = try #require(try End(of: file))
    // The message in front of it: kind 0, its length.
    #expect(file.getInteger(at: end.place - 16, as: UInt64.self) == 0)
    #expect(
      file.getInteger(at: end.place - 8, endianness: .little, as: UInt64.self) == UInt64(end.footer.readableBytes))
    #expect(end.manifests.count == 2)
    for manifest in end.manifests { #expect(manifest.map(\.number) == [1, 2, 3, 4]) }
  }

  @Test func piecesThatAreTakenOnTheWayAreTheSameFile() {
    let messages = RerunFixture.messages()
    var file = RerunFile()
    var pieces = ByteBuffer()
    for message in messages {
      file.add(message)
      var piece = file.take()
      pieces.writeBuffer(&piece)
      #expect(file.waitingBytes == 0)
    }
    file.finish()
    var rest = file.take()
    pieces.writeBuffer(&rest)
    #expect(pieces == RerunFixture.file(of: messages))
  }

  @Test func endIsCompressedWhereChunksAre() throws {
    let end = try #require(
      try End(of: RerunFixture.file(of: RerunFixture.messages(), compress: { _ in ByteBuffer(string: "small") })))
    let part = try #require(end.manifests.first?.last?.bytes)
    let fields = try ProtobufReader.fields(of: part)
    #expect(fields.first { $0.number == 2 }?.bytes == ByteBuffer(string: "small"))
    #expect(fields.first { $0.number == 3 }?.integer == 2)
    #expect(fields.first { $0.number == 4 }?.integer ?? 0 > 1_000)
  }

  @Test func fileOfMoreChunksThanTheEndCanHaveIsWithoutOne() throws {
    let messages = RerunFixture.messages(layout: nil)
    let chunks = messages.count { $0.kind == .chunk }
    for (limit, hasEnd) in [(chunks, true), (chunks - 1, false), (1, false)] {
      var file = RerunFile(chunkLimit: limit)
      for message in messages { file.add(message) }
      file.finish()
      let end = try End(of: file.take())
      #expect((end != nil) == hasEnd)
    }
  }

  @Test func fileWithoutChunksHasNoEnd() throws {
    var file = RerunFile()
    file.finish()
    #expect(file.take().readableBytes == 12)
  }
}
