import CodedMedia
import H264
import MediaModel
import NIOCore
import TestSupport

/// Pictures for a relay: a key frame, then others, 40 ms apart.
struct SampleVideo {
  let parameterSets: ParameterSets
  private var count = 0

  init() throws {
    parameterSets = try ParameterSets.parse(sps: H264Fixture.SPS().nalUnit(), pps: [H264Fixture.pps()])
  }

  /// The next picture; every eighth one is a key frame without parameter sets of its own.
  mutating func next(bytes: Int = 3_000) -> CodedPicture {
    var slice = H264Fixture.Slice()
    slice.isIDR = count % 8 == 0
    slice.type = slice.isIDR ? 2 : 0
    slice.frameNumber = count % 8
    slice.idrPictureID = count / 8 % 2
    slice.dataBytes = bytes
    let unit = slice.nalUnit()
    var annexB = ByteBuffer(integer: UInt32(1))
    annexB.writeImmutableBuffer(unit)
    count += 1
    return CodedPicture(
      bytes: annexB, nalUnits: [.init(offset: 4, length: unit.readableBytes)], senderMicros: Int64(count) * 40_000,
      isKeyFrame: slice.isIDR, carriesParameterSets: false, parameterSets: parameterSets)
  }
}
