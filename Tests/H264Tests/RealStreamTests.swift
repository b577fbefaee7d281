import CodedMedia
import H264
import MediaModel
import NIOCore
import Testing
import TestSupport

/// A recording by a flight app: 144 access units of seven slices (`ffprobe -count_packets`), seven start codes each.
@Suite(.enabled(if: TestData.has("videos/worldsystem_segment_014.h264"), "\(TestData.absent)"))
struct RealStreamTests {
  private let stream: ByteBuffer

  init() throws { stream = try TestData.read("videos/worldsystem_segment_014.h264") }

  private func received(_ pictures: [CodedPicture]) -> ByteBuffer {
    pictures.reduce(into: ByteBuffer()) { $0.writeImmutableBuffer($1.bytes) }
  }

  @Test func oneHugePacketIsSplit() {
    var assembler = AccessUnitAssembler()
    var pictures = assembler.frame(stream, senderMicros: 0, now: HostTime(nanos: 0)).pictures
    pictures += assembler.finish().pictures
    #expect(pictures.count == 144)
    #expect(received(pictures) == stream)
    #expect(pictures.map(\.isKeyFrame).filter(\.self).count == 1)
    #expect(pictures.allSatisfy { $0.parameterSets === pictures[0].parameterSets })
    #expect(pictures[0].parameterSets.resolution == Resolution(width: 854, height: 480))
  }

  @Test(arguments: [1, 2, 3, 7, 10, 100]) func packetsOfSeveralUnitsGiveTheSamePictures(unitsPerPacket: Int) {
    let units = AnnexB.nalUnitRanges(in: stream)
    var assembler = AccessUnitAssembler()
    var pictures: [CodedPicture] = []
    for first in stride(from: 0, to: units.count, by: unitsPerPacket) {
      let start = first == 0 ? 0 : units[first - 1].offset + units[first - 1].length
      let last = units[min(first + unitsPerPacket, units.count) - 1]
      let end = first + unitsPerPacket >= units.count ? stream.readableBytes : last.offset + last.length
      guard let payload = stream.getSlice(at: start, length: end - start) else { continue }
      let effects = assembler.frame(payload, senderMicros: Int64(first), now: HostTime(nanos: Int64(first)))
      #expect(effects.rejects.isEmpty)
      pictures += effects.pictures
    }
    pictures += assembler.finish().pictures
    #expect(received(pictures) == stream)
    #expect(assembler.lateContinuations <= 3)
    if assembler.lateContinuations == 0 { #expect(pictures.count == 144) }
  }
}
