import CodedMedia
import Foundation
import FragmentedMP4
import H264
import MediaModel
import NIOCore
import Testing
import TestSupport

/// Access units of made-up pictures, 40 ms apart, with a key frame every ten.
struct FakeStream {
  static let origin = WallTime(nanosSince1970: 1_700_000_000_500_000_000)

  let sets: ParameterSets

  init(reorderDepth: Int = 0) throws {
    var sps = H264Fixture.SPS()
    (sps.profile, sps.reorderFrames, sps.timing) = (100, reorderDepth, (1, 50))
    sets = try ParameterSets.parse(sps: sps.nalUnit(), pps: [H264Fixture.pps()])
  }

  func unit(_ number: Int, millis: Int64? = nil, isKey: Bool? = nil) -> AccessUnit {
    let isKeyFrame = isKey ?? (number % 10 == 0)
    var slice = H264Fixture.Slice()
    (slice.isIDR, slice.frameNumber, slice.seed) = (isKeyFrame, number % 256, UInt64(number))
    var units = [slice.nalUnit()]
    if isKeyFrame { units = [H264Fixture.delimiter, sets.sps, sets.pps[0]] + units }
    let bytes = H264Fixture.annexB(units, startCodeBytes: number % 2 == 0 ? 4 : 3)
    let picture = CodedPicture(
      bytes: bytes, nalUnits: AnnexB.nalUnitRanges(in: bytes), senderMicros: 0, isKeyFrame: isKeyFrame,
      carriesParameterSets: isKeyFrame, parameterSets: sets)
    let captured = Self.origin.advanced(by: .milliseconds(millis ?? Int64(number) * 40))
    return AccessUnit(
      picture: picture, sequence: UInt64(number + 1), capturedAt: captured, decodeAt: captured,
      receivedAt: HostTime(nanos: 0))
  }
}

/// The boxes between `range`, as (type, body).
func boxes(_ buffer: ByteBuffer, _ range: Range<Int>? = nil) -> [(type: String, body: Range<Int>)] {
  var index = range?.lowerBound ?? buffer.readerIndex
  let end = range?.upperBound ?? buffer.writerIndex
  var result: [(type: String, body: Range<Int>)] = []
  while index + 8 <= end {
    guard let size: UInt32 = buffer.getInteger(at: index), size >= 8, index + Int(size) <= end,
      let type = buffer.getString(at: index + 4, length: 4)
    else { return result + [("broken", index..<end)] }
    result.append((type, (index + 8)..<(index + Int(size))))
    index += Int(size)
  }
  return result
}

/// The body of the box at a path of types.
func body(_ buffer: ByteBuffer, _ path: [String]) throws -> Range<Int> {
  var range: Range<Int>?
  for type in path {
    let found = boxes(buffer, range).first { $0.type == type }
    range = try #require(found, "no \(type)").body
  }
  return try #require(range)
}

/// What a fragment says about its samples.
struct ReadFragment {
  struct Sample: Equatable {
    var decode: Int64
    var presentation: Int64
    var bytes: Int
    var isSync: Bool
  }
  var samples: [Sample] = []
  var nextDecode: Int64 = 0
  var media = ByteBuffer()

  init(_ buffer: ByteBuffer) throws {
    let tfdt = try body(buffer, ["moof", "traf", "tfdt"])
    let trun = try body(buffer, ["moof", "traf", "trun"])
    let mdat = try body(buffer, ["mdat"])
    let moof = try body(buffer, ["moof"])
    nextDecode = Int64(try #require(buffer.getInteger(at: tfdt.lowerBound + 4, as: UInt64.self)))
    let count = try #require(buffer.getInteger(at: trun.lowerBound + 4, as: UInt32.self))
    let dataOffset = try #require(buffer.getInteger(at: trun.lowerBound + 8, as: UInt32.self))
    #expect(moof.lowerBound - 8 + Int(dataOffset) == mdat.lowerBound)
    for index in 0..<Int(count) {
      let at = trun.lowerBound + 12 + index * 16
      let duration = try #require(buffer.getInteger(at: at, as: UInt32.self))
      let bytes = try #require(buffer.getInteger(at: at + 4, as: UInt32.self))
      let flags = try #require(buffer.getInteger(at: at + 8, as: UInt32.self))
      let offset = try #require(buffer.getInteger(at: at + 12, as: Int32.self))
      samples.append(
        Sample(
          decode: nextDecode, presentation: nextDecode + Int64(offset), bytes: Int(bytes),
          isSync: flags & 0x1_0000 == 0))
      nextDecode += Int64(duration)
    }
    #expect(samples.reduce(0) { $0 + $1.bytes } == mdat.count)
    media = try #require(buffer.getSlice(at: mdat.lowerBound, length: mdat.count))
  }
}

@Suite struct FragmentedMP4WriterTests {
  @Test func initializationSegmentHasTheBoxesOfAFragmentedFile() throws {
    let stream = try FakeStream()
    let segment = try FragmentedMP4Writer(
      parameterSets: stream.sets, origin: FakeStream.origin, purpose: .stream
    ).initializationSegment
    #expect(boxes(segment).map(\.type) == ["ftyp", "moov"])
    #expect(boxes(segment, try body(segment, ["moov"])).map(\.type) == ["mvhd", "trak", "mvex"])
    let stbl = try body(segment, ["moov", "trak", "mdia", "minf", "stbl"])
    #expect(Set(boxes(segment, stbl).map(\.type)) == ["stsd", "stts", "stsc", "stsz", "stco"])
    let stsd = try body(segment, ["moov", "trak", "mdia", "minf", "stbl", "stsd"])
    let entry = try #require(boxes(segment, (stsd.lowerBound + 8)..<stsd.upperBound).first)
    #expect(entry.type == "avc1")
    let avcC = try #require(boxes(segment, (entry.body.lowerBound + 78)..<entry.body.upperBound).first)
    #expect(avcC.type == "avcC")
    let record = try #require(segment.getSlice(at: avcC.body.lowerBound, length: avcC.body.count))
    #expect(try AVCDecoderConfigurationRecord.parse(record) == AVCDecoderConfigurationRecord(stream.sets))
  }

  @Test func presentationTimesAreCaptureTimes() throws {
    let stream = try FakeStream()
    var writer = try FragmentedMP4Writer(parameterSets: stream.sets, origin: FakeStream.origin, purpose: .stream)
    // Jittering capture times, a gap, and a fragment for each unit.
    let millis: [Int64] = [0, 41, 79, 120, 1_500, 1_540, 1_579]
    for (number, time) in millis.enumerated() {
      let fragment = try ReadFragment(writer.fragment(of: stream.unit(number, millis: time)))
      #expect(fragment.samples.map(\.presentation) == [time * 1_000])
      #expect(fragment.samples.map(\.decode) == [time * 1_000])
      #expect(fragment.samples.map(\.isSync) == [number == 0])
    }
  }

  @Test(arguments: [true, false]) func durationsReachToTheNextSample(keepsLast: Bool) throws {
    let stream = try FakeStream()
    var writer = try FragmentedMP4Writer(parameterSets: stream.sets, origin: FakeStream.origin, purpose: .stream)
    let millis: [Int64] = [0, 40, 85, 120, 160, 300, 340, 380]
    var fragments: [ReadFragment] = []
    for (number, time) in millis.enumerated() {
      writer.add(stream.unit(number, millis: time))
      guard number % 3 == 2 else { continue }
      let fragment = writer.fragment(keepsLast: keepsLast)
      fragments.append(try ReadFragment(#require(fragment)))
    }
    let counts = fragments.map(\.samples.count)
    #expect(counts == (keepsLast ? [2, 3] : [3, 3]))
    for (earlier, later) in zip(fragments, fragments.dropFirst()) {
      let next = try #require(later.samples.first).decode
      #expect(keepsLast ? earlier.nextDecode == next : earlier.nextDecode != next)
    }
    #expect(writer.pendingCount == 8 - counts.reduce(0, +))
    let rest = writer.fragment()
    #expect(rest != nil && writer.pendingCount == 0 && writer.pendingBytes == 0)
    let nothing = writer.fragment()
    #expect(nothing == nil)
  }

  @Test func reorderedPicturesAreDecodedBeforeTheyAreShown() throws {
    let stream = try FakeStream(reorderDepth: 2)
    var writer = try FragmentedMP4Writer(parameterSets: stream.sets, origin: FakeStream.origin, purpose: .stream)
    // I0 P4 B2 b1 b3 P8 B6 b5 b7
    let order: [Int64] = [0, 4, 2, 1, 3, 8, 6, 5, 7]
    for (number, position) in order.enumerated() { writer.add(stream.unit(number, millis: position * 40)) }
    let bytes = writer.fragment()
    let fragment = try ReadFragment(#require(bytes))
    // Decoding begins at 0, presentation two pictures later, which the edit list takes back.
    #expect(fragment.samples.map(\.decode) == (0..<9).map { $0 * 40_000 })
    #expect(fragment.samples.map(\.presentation) == order.map { $0 * 40_000 + 80_000 })
    let segment = writer.initializationSegment
    let elst = try body(segment, ["moov", "trak", "edts", "elst"])
    #expect(segment.getInteger(at: elst.lowerBound + 16, as: Int64.self) == 80_000)
  }

  @Test func samplesAreLengthPrefixedWithoutParameterSets() throws {
    let stream = try FakeStream()
    var writer = try FragmentedMP4Writer(parameterSets: stream.sets, origin: FakeStream.origin, purpose: .stream)
    let unit = stream.unit(0)
    let media = try ReadFragment(writer.fragment(of: unit)).media
    let slice = try #require(unit.picture.nalUnits.last.flatMap(unit.nalUnit))
    #expect(try LengthPrefixed.annexB(from: media, lengthBytes: 4) == H264Fixture.annexB([slice]))
  }

  @Test func referenceTimeIsTheCaptureTime() throws {
    let stream = try FakeStream()
    var writer = try FragmentedMP4Writer(parameterSets: stream.sets, origin: FakeStream.origin, purpose: .stream)
    _ = writer.fragment(of: stream.unit(0))
    let fragment = writer.fragment(of: stream.unit(1, millis: 250))
    let prft = try body(fragment, ["prft"])
    let ntp = try #require(fragment.getInteger(at: prft.lowerBound + 8, as: UInt64.self))
    let media = try #require(fragment.getInteger(at: prft.lowerBound + 16, as: UInt64.self))
    #expect(media == 250_000)
    #expect(ntp >> 32 == 1_700_000_000 + 2_208_988_800)
    #expect((ntp & 0xffff_ffff) == 3 << 30)  // .75 s
  }

  @Test func standaloneFragmentsNeedNoOrder() throws {
    let stream = try FakeStream(reorderDepth: 2)
    let writer = try FragmentedMP4Writer(parameterSets: stream.sets, origin: FakeStream.origin, purpose: .stream)
    let order: [Int64] = [0, 4, 2, 1, 3]
    var timeline = DecodeTimeline(reorderDepth: 2, pictureDuration: 33_333_333)
    let units = order.enumerated().map { number, position in
      var unit = stream.unit(number, millis: position * 40)
      let decode = timeline.next(presentation: unit.capturedAt.nanosSince1970)
      unit = AccessUnit(
        picture: unit.picture, sequence: unit.sequence, capturedAt: unit.capturedAt,
        decodeAt: WallTime(nanosSince1970: decode), receivedAt: unit.receivedAt)
      return unit
    }
    let fragments = try units.map { try ReadFragment(writer.standaloneFragment(of: $0)) }
    let backwards = units.reversed().map { writer.standaloneFragment(of: $0) }
    #expect(try backwards.reversed().map { try ReadFragment($0).samples } == fragments.map(\.samples))
    let samples = fragments.flatMap(\.samples)
    #expect(samples.map(\.presentation) == order.map { $0 * 40_000 + 80_000 })
    for (earlier, later) in zip(samples, samples.dropFirst()) { #expect(earlier.decode < later.decode) }
    #expect(samples.allSatisfy { $0.decode <= $0.presentation })
  }

  @Test func timesThatStepBackNeverTrap() throws {
    let stream = try FakeStream()
    var writer = try FragmentedMP4Writer(parameterSets: stream.sets, origin: FakeStream.origin, purpose: .file)
    var last: Int64 = -1
    for millis in [0, 40, -5_000, .min / 4_000_000, 80, 9_000_000_000, 0] as [Int64] {
      let fragment = try ReadFragment(writer.fragment(of: stream.unit(1, millis: millis)))
      let decode = try #require(fragment.samples.first).decode
      #expect(decode > last)
      last = decode
    }
    let completion = writer.finish()
    #expect(completion.trailer.readableBytes > 0)
  }
}
