import CodedMedia
import FoxgloveSchemas
import H264
import MediaModel
import NIOCore
import TestSupport
import Testing

struct VideoMessagesTests {
  private static let origin = WallTime(nanosSince1970: 1_700_000_000_000_000_000)
  private static let sps = H264Fixture.SPS().nalUnit()
  private static let pps = H264Fixture.pps()

  private static func slice(isKey: Bool, reference: UInt8, number: Int) -> ByteBuffer {
    var slice = H264Fixture.Slice()
    slice.isIDR = isKey
    slice.reference = reference
    slice.type = isKey ? 2 : 0
    slice.frameNumber = number
    return slice.nalUnit()
  }

  private static func unit(
    _ nalUnits: [ByteBuffer], at milliseconds: Int64, isKey: Bool, carriesSets: Bool = false
  ) throws -> AccessUnit {
    let bytes = H264Fixture.annexB(nalUnits)
    let time = origin.advanced(by: .milliseconds(milliseconds))
    let picture = CodedPicture(
      bytes: bytes, nalUnits: AnnexB.nalUnitRanges(in: bytes), senderMicros: 0, isKeyFrame: isKey,
      carriesParameterSets: carriesSets, parameterSets: try ParameterSets.parse(sps: sps, pps: [pps]))
    return AccessUnit(
      picture: picture, sequence: 1, capturedAt: time, decodeAt: time, receivedAt: HostTime(nanos: 0))
  }

  private static func types(of message: Foxglove.CompressedVideo) -> [NALUnitType] {
    var bytes = ByteBuffer()
    for piece in message.data { bytes.writeImmutableBuffer(piece) }
    return AnnexB.nalUnitRanges(in: bytes).map { NALUnitType(header: bytes.getInteger(at: $0.offset)!) }
  }

  @Test func theFirstMessageIsAKeyFrameWithItsParameterSets() throws {
    var messages = VideoMessages(frameID: "camera")
    let early = try Self.unit([Self.slice(isKey: false, reference: 3, number: 1)], at: 0, isKey: false)
    #expect(messages.message(of: early) == nil)
    let key = try Self.unit([Self.slice(isKey: true, reference: 3, number: 0)], at: 33, isKey: true)
    let first = messages.message(of: key)
    let message = try #require(first)
    #expect(Self.types(of: message) == [.sps, .pps, .idrSlice])
    #expect(message.timestamp == key.capturedAt && message.frameID == "camera" && message.format == "h264")
    let next = try Self.unit([Self.slice(isKey: false, reference: 3, number: 1)], at: 66, isKey: false)
    #expect(messages.message(of: next).map(Self.types) == [.slice])
    #expect(messages.leftOut == 1)
    messages.restart()
    #expect(messages.message(of: next) == nil)
  }

  @Test func aDelimiterDoesNotStandBehindParameterSets() throws {
    var messages = VideoMessages(frameID: "camera")
    let delimiter = ByteBuffer(bytes: [0x09, 0xf0])
    let key = try Self.unit([delimiter, Self.slice(isKey: true, reference: 3, number: 0)], at: 0, isKey: true)
    #expect(messages.message(of: key).map(Self.types) == [.sps, .pps, .idrSlice])
    let whole = try Self.unit(
      [delimiter, Self.sps, Self.pps, Self.slice(isKey: true, reference: 3, number: 0)], at: 33, isKey: true,
      carriesSets: true)
    #expect(messages.message(of: whole).map(Self.types) == [.accessUnitDelimiter, .sps, .pps, .idrSlice])
  }

  @Test func reorderedPicturesThatNobodyNeedsAreLeftOut() throws {
    var messages = VideoMessages(frameID: "camera")
    let order: [(Int64, Bool, UInt8)] = [(0, true, 3), (99, false, 3), (33, false, 0), (66, false, 2), (132, false, 0)]
    let kept = try order.map { time, isKey, reference in
      messages.message(
        of: try Self.unit([Self.slice(isKey: isKey, reference: reference, number: 1)], at: time, isKey: isKey)) != nil
    }
    #expect(kept == [true, true, false, true, true])
    #expect(messages.leftOut == 1)
  }
}
