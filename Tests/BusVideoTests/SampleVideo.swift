import CodedMedia
import H264
import MediaModel
import NIOCore
import TestSupport

/// Pictures that parse, for video on the bus.
enum SampleVideo {
  static let sps = H264Fixture.SPS().nalUnit()
  static let pps = H264Fixture.pps()
  static let sets = {
    do { return try ParameterSets.parse(sps: sps, pps: [pps]) } catch {
      fatalError("the fixture is malformed: \(error)")
    }
  }()

  static func slice(isIDR: Bool, number: Int = 0) -> ByteBuffer {
    var slice = H264Fixture.Slice()
    slice.isIDR = isIDR
    slice.type = isIDR ? 2 : 0
    slice.frameNumber = number % 256
    return slice.nalUnit()
  }

  static func picture(
    isKeyFrame: Bool, carriesSets: Bool = true, hasDelimiter: Bool = false, number: Int = 0
  ) -> CodedPicture {
    var units: [ByteBuffer] = hasDelimiter ? [H264Fixture.delimiter] : []
    if isKeyFrame, carriesSets { units += [sps, pps] }
    units.append(slice(isIDR: isKeyFrame, number: number))
    let bytes = H264Fixture.annexB(units)
    return CodedPicture(
      bytes: bytes, nalUnits: AnnexB.nalUnitRanges(in: bytes), senderMicros: 33_000, isKeyFrame: isKeyFrame,
      carriesParameterSets: isKeyFrame && carriesSets, parameterSets: sets)
  }

  static func unit(_ picture: CodedPicture, sequence: UInt64) -> AccessUnit {
    let time = WallTime(nanosSince1970: 1_700_000_000_000_000_000)
    return AccessUnit(
      picture: picture, sequence: sequence, capturedAt: time, decodeAt: time, receivedAt: HostTime(nanos: 0),
      receivedWall: WallTime(nanosSince1970: 1_700_000_000_000_000_500), networkTimeOffset: Nanoseconds(-1_500),
      publication: Publication(epoch: 5, peer: "10.0.0.1:5"))
  }

  static func unit(sequence: UInt64, isKeyFrame: Bool) -> AccessUnit {
    unit(picture(isKeyFrame: isKeyFrame, number: Int(sequence)), sequence: sequence)
  }
}
