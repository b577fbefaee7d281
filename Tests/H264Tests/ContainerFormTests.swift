import CodedMedia
import H264
import NIOCore
import Testing
import TestSupport

@Suite struct ContainerFormTests {
  private func picture(_ units: [ByteBuffer], startCodeBytes: Int = 4) throws -> CodedPicture {
    let stream = H264Fixture.annexB(units, startCodeBytes: startCodeBytes)
    let sets = try ParameterSets.parse(sps: H264Fixture.SPS().nalUnit(), pps: [H264Fixture.pps()])
    return CodedPicture(
      bytes: stream, nalUnits: AnnexB.nalUnitRanges(in: stream), senderMicros: 0, isKeyFrame: true,
      carriesParameterSets: true, parameterSets: sets)
  }

  @Test func configurationRecordRoundTrip() throws {
    var high = H264Fixture.SPS()
    (high.profile, high.constraints, high.level) = (100, 0, 31)
    for fixture in [H264Fixture.SPS(), high] {
      let record = AVCDecoderConfigurationRecord(
        sps: [fixture.nalUnit()], pps: [H264Fixture.pps(), H264Fixture.pps(id: 1)])
      let encoded = try record.encoded()
      #expect(try AVCDecoderConfigurationRecord.parse(encoded) == record)
      let isHigh = fixture.profile == 100
      let content = record.sps[0].readableBytes + record.pps.reduce(0) { $0 + $1.readableBytes }
      #expect(encoded.readableBytes == 5 + 1 + 1 + 2 * 3 + content + (isHigh ? 4 : 0))
    }
  }

  @Test func configurationRecordRefusesNonsense() {
    #expect(throws: H264Error.unsupportedConfigurationVersion(2)) {
      try AVCDecoderConfigurationRecord.parse(ByteBuffer(bytes: [2, 0, 0, 0, 0xff, 0, 0]))
    }
    #expect(throws: H264Error.outOfRange(element: "lengthSizeMinusOne", value: 2)) {
      try AVCDecoderConfigurationRecord.parse(ByteBuffer(bytes: [1, 0, 0, 0, 0xfe, 0, 0]))
    }
    #expect(throws: H264Error.truncated("configuration record")) {
      try AVCDecoderConfigurationRecord.parse(ByteBuffer(bytes: [1, 0, 0, 0, 0xff, 0xe1, 0, 9, 1]))
    }
    #expect(throws: H264Error.self) { try AVCDecoderConfigurationRecord(sps: [], pps: []).encoded() }
  }

  @Test func lengthPrefixedRoundTrip() throws {
    var slice = H264Fixture.Slice()
    slice.isIDR = true
    let units = [H264Fixture.SPS().nalUnit(), H264Fixture.pps(), slice.nalUnit()]
    for startCodeBytes in [3, 4] {
      var prefixed = ByteBuffer()
      let written = LengthPrefixed.write(try picture(units, startCodeBytes: startCodeBytes), to: &prefixed)
      #expect(written == prefixed.readableBytes)
      #expect(try LengthPrefixed.annexB(from: prefixed, lengthBytes: 4) == H264Fixture.annexB(units))
    }
  }

  @Test func lengthPrefixedLeavesOutWhatIsNotAskedFor() throws {
    var prefixed = ByteBuffer()
    let unit = H264Fixture.Slice().nalUnit()
    LengthPrefixed.write(try picture([H264Fixture.delimiter, H264Fixture.pps(), unit]), to: &prefixed) {
      $0.isVideoCodingLayer
    }
    #expect(prefixed.readableBytes == 4 + unit.readableBytes)
  }

  @Test func lengthsThatLieAreRefused() {
    for lengthBytes in [1, 2, 3, 4] {
      #expect(throws: H264Error.truncated("length-prefixed NAL unit")) {
        try LengthPrefixed.annexB(from: ByteBuffer(bytes: [9, 9, 9, 9, 9]), lengthBytes: lengthBytes)
      }
    }
  }

  @Test func damagedContainersNeverTrap() throws {
    let record = try AVCDecoderConfigurationRecord(
      sps: [H264Fixture.SPS().nalUnit()], pps: [H264Fixture.pps()]
    ).encoded()
    Mutation.forEach(of: [record], count: 5_000) { bytes in
      if let parsed = try? AVCDecoderConfigurationRecord.parse(bytes) { _ = try? parsed.encoded() }
      for lengthBytes in 1...4 { _ = try? LengthPrefixed.annexB(from: bytes, lengthBytes: lengthBytes) }
    }
  }
}

@Suite struct DecodeTimelineTests {
  private func decode(_ presentation: [Int64], depth: Int, duration: Int64 = 40) -> ([Int64], violations: Int) {
    var timeline = DecodeTimeline(reorderDepth: depth, pictureDuration: duration)
    return (presentation.map { timeline.next(presentation: $0) }, timeline.violations)
  }

  @Test func withoutReorderingDecodingIsPresentation() {
    #expect(decode([0, 40, 81, 120], depth: 0).0 == [0, 40, 81, 120])
  }

  @Test func oneBFrame() {
    // I0 P2 B1 P4 B3
    let (times, violations) = decode([0, 80, 40, 160, 120], depth: 1)
    #expect(times == [-40, 0, 40, 80, 120])
    #expect(violations == 0)
  }

  @Test(arguments: 1...4) func pyramidsStayInOrder(depth: Int) {
    // Groups of 2^depth pictures, decoded by bisection: the deepest reordering for its depth.
    func group(_ low: Int64, _ high: Int64) -> [Int64] {
      guard high - low > 1 else { return [] }
      let middle = (low + high) / 2
      return [middle] + group(low, middle) + group(middle, high)
    }
    let size = Int64(1) << Int64(depth)
    var order: [Int64] = [0]
    for index in 0..<Int64(20) {
      order.append((index + 1) * size)
      order += group(index * size, (index + 1) * size)
    }
    let (times, violations) = decode(order.map { $0 * 40 }, depth: depth)
    #expect(violations == 0)
    for (earlier, later) in zip(times, times.dropFirst()) { #expect(earlier < later) }
    for (decoding, presentation) in zip(times, order) { #expect(decoding <= presentation * 40) }
  }

  @Test func streamsThatLieAreKeptRisingAndCounted() {
    let (times, violations) = decode([0, 80, 40, 160, 120, 120, Int64.min, Int64.max], depth: 0)
    for (earlier, later) in zip(times, times.dropFirst()) { #expect(earlier < later) }
    #expect(violations == 4)
  }
}
