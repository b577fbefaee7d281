import CodedMedia
import H264
import NIOCore
import Testing
import TestSupport

@Suite struct AnnexBTests {
  /// The definition, byte by byte.
  private func slowRanges(_ bytes: [UInt8]) -> [CodedPicture.NALRange] {
    var codes: [Int] = []
    var index = 0
    while index + 2 < bytes.count {
      if bytes[index] == 0, bytes[index + 1] == 0, bytes[index + 2] == 1 {
        codes.append(index)
        index += 3
      } else {
        index += 1
      }
    }
    return codes.enumerated().compactMap { position, code in
      var end = position + 1 < codes.count ? codes[position + 1] : bytes.count
      while end > code + 3, bytes[end - 1] == 0 { end -= 1 }
      return end > code + 3 ? CodedPicture.NALRange(offset: code + 3, length: end - code - 3) : nil
    }
  }

  @Test func findsUnitsBehindShortAndLongStartCodes() {
    let stream = ByteBuffer(bytes: [0, 0, 0, 1, 0x67, 1, 2, 0, 0, 1, 0x68, 3, 0, 0, 0, 0, 1, 0x65, 4])
    #expect(
      AnnexB.nalUnitRanges(in: stream) == [
        .init(offset: 4, length: 3), .init(offset: 10, length: 2), .init(offset: 17, length: 2),
      ])
  }

  @Test func offsetsCountFromTheReaderIndex() {
    var stream = ByteBuffer(bytes: [9, 9, 9, 0, 0, 1, 0x65, 7])
    stream.moveReaderIndex(forwardBy: 3)
    #expect(AnnexB.nalUnitRanges(in: stream) == [.init(offset: 3, length: 2)])
  }

  @Test(arguments: [[], [0], [0, 0], [0, 0, 1], [0, 0, 0, 1], [1, 2, 3], [0, 0, 2, 0, 0, 3]] as [[UInt8]])
  func findsNothingWhereNothingIs(_ bytes: [UInt8]) {
    #expect(AnnexB.nalUnitRanges(in: ByteBuffer(bytes: bytes)).isEmpty)
  }

  @Test func stopsAtTheLimit() {
    let stream = H264Fixture.annexB(Array(repeating: ByteBuffer(bytes: [0x65, 1]), count: 10))
    #expect(AnnexB.nalUnitRanges(in: stream, limit: 3).count == 3)
  }

  @Test func agreesWithTheDefinitionOnRandomBytesFullOfZeros() {
    var generator = SeededGenerator(seed: 7)
    for length in 0..<400 {
      let bytes = generator.bytes(length, of: [0, 0, 0, 1, 1, 2, 0x65, 0x80, 0xff])
      #expect(AnnexB.nalUnitRanges(in: ByteBuffer(bytes: bytes)) == slowRanges(bytes), "\(bytes)")
    }
  }

  @Test func agreesWithTheDefinitionWhereverAStartCodeLies() {
    for length in 3..<40 {
      for position in 0...(length - 3) {
        var bytes = [UInt8](repeating: 0xaa, count: length)
        bytes.replaceSubrange(position..<(position + 3), with: [0, 0, 1])
        #expect(AnnexB.nalUnitRanges(in: ByteBuffer(bytes: bytes)) == slowRanges(bytes))
      }
    }
  }

  @Test func emulationPreventionIsUndone() {
    var generator = SeededGenerator(seed: 3)
    for length in 0..<300 {
      let payload = generator.bytes(length, of: [0, 0, 0, 1, 2, 3, 4]) + [0x80]
      let unit = BitWriter.nalUnit(header: 0x65, payload: payload)
      #expect(AnnexB.nalUnitRanges(in: unit).isEmpty)
      let raw = EmulationPrevention.removed(from: unit)
      #expect(raw == ByteBuffer(bytes: [0x65] + payload))
    }
  }
}
