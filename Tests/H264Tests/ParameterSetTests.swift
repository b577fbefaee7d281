import CodedMedia
import H264
import MediaModel
import NIOCore
import Testing
import TestSupport

@Suite struct ParameterSetTests {
  @Test func readsTheSPSOfAFlightApp() throws {
    // Of a recording by a DJI app: x264, constrained baseline, 854x480, VUI with timing and restrictions.
    let unit = ByteBuffer(bytes: [
      0x67, 0x42, 0xc0, 0x1e, 0xda, 0x03, 0x60, 0xf7, 0x9b, 0xc0, 0x44, 0x00, 0x00, 0x07, 0xd0, 0x00, 0x00, 0xe5, 0xfa,
      0x3c, 0x58, 0xba, 0x80,
    ])
    let sps = try SequenceParameterSet.parse(unit)
    #expect(sps.resolution == Resolution(width: 854, height: 480))
    #expect(sps.codecString == "avc1.42c01e")
    #expect(sps.reorderDepth == 0)
    #expect(sps.isFrameOnly)
  }

  @Test(
    arguments: [(640, 480), (1920, 1080), (854, 480), (16, 16), (3840, 2160), (1280, 720), (2, 2)] as [(Int, Int)])
  func sizeSurvivesCropping(width: Int, height: Int) throws {
    for chromaFormat in 0...3 {
      for isFrameOnly in [true, false] where isFrameOnly || height % 4 == 0 {
        var fixture = H264Fixture.SPS()
        fixture.profile = 100
        fixture.chromaFormat = chromaFormat
        fixture.isFrameOnly = isFrameOnly
        (fixture.width, fixture.height) = (width, height)
        let sps = try SequenceParameterSet.parse(fixture.nalUnit())
        #expect(sps.resolution == Resolution(width: width, height: height))
        #expect(sps.chromaFormatIDC == chromaFormat)
        #expect(sps.isFrameOnly == isFrameOnly)
      }
    }
  }

  @Test func readsUsability() throws {
    var fixture = H264Fixture.SPS()
    fixture.timing = (1_001, 60_000)
    fixture.reorderFrames = 2
    fixture.isFullRange = true
    let sps = try SequenceParameterSet.parse(fixture.nalUnit())
    let timing = try #require(sps.usability?.timing)
    #expect(timing.unitsInTick == 1_001 && timing.timeScale == 60_000 && timing.isFixedFrameRate)
    #expect(sps.usability?.isFullRange == true)
    #expect(sps.usability?.bitstreamRestriction?.maxReorderFrames == 2)
    let rate = try #require(sps.nominalFramesPerSecond)
    #expect(abs(rate - 29.97) < 0.001)
  }

  @Test func reorderDepthFollowsRestrictionProfileAndLevel() throws {
    func depth(_ change: (inout H264Fixture.SPS) -> Void) throws -> Int {
      var fixture = H264Fixture.SPS()
      fixture.profile = 100
      fixture.constraints = 0
      fixture.orderCountType = 0
      fixture.referenceFrames = 4
      (fixture.width, fixture.height, fixture.level) = (1920, 1080, 40)
      change(&fixture)
      return try SequenceParameterSet.parse(fixture.nalUnit()).reorderDepth
    }
    // Level 4.0: 32,768 macroblocks; 1920x1088 has 8,160 of them.
    #expect(try depth { _ in } == 4)
    #expect(try depth { $0.reorderFrames = 0 } == 0)
    #expect(try depth { $0.reorderFrames = 2 } == 2)
    #expect(try depth { $0.profile = 66 } == 0)
    #expect(try depth { $0.profile = 77 } == 4)
    #expect(try depth { ($0.profile, $0.constraints) = (77, 0x80) } == 0)
    #expect(try depth { $0.constraints = 0x0c } == 0)  // Constrained High
    #expect(try depth { $0.orderCountType = 2 } == 0)
    #expect(try depth { $0.referenceFrames = 0 } == 0)
    #expect(try depth { ($0.width, $0.height) = (64, 64) } == 16)
  }

  @Test func refusesWhatNoLevelAllows() {
    var fixture = H264Fixture.SPS()
    fixture.width = 16 * 1_056
    #expect(throws: H264Error.outOfRange(element: "pic_width_in_mbs_minus1", value: 1_055)) {
      try SequenceParameterSet.parse(fixture.nalUnit())
    }
    #expect(throws: H264Error.truncated("SPS")) { try SequenceParameterSet.parse(ByteBuffer(bytes: [0x67, 66, 0])) }
    #expect(throws: H264Error.unexpectedNALUnitType(8, expected: 7)) {
      try SequenceParameterSet.parse(H264Fixture.pps())
    }
    #expect(throws: H264Error.truncated("NAL unit")) { try PictureParameterSet.parse(ByteBuffer()) }
  }

  @Test func readsPPS() throws {
    let pps = try PictureParameterSet.parse(
      H264Fixture.pps(id: 9, spsID: 3, isCABAC: true, hasOrderInFrame: true, hasRedundantCount: true))
    #expect(pps.id == 9 && pps.spsID == 3)
    #expect(pps.isCABAC && pps.hasPictureOrderInFrame && pps.hasRedundantPictureCount)
  }

  @Test func collectorKeepsTheObjectWhileTheContentIsTheSame() throws {
    var collector = ParameterSetCollector()
    func sets(_ ppsID: Int) throws -> ParameterSets {
      let active = collector.active(forPPS: ppsID)
      return try #require(active).sets
    }
    try collector.addPPS(H264Fixture.pps())
    #expect(!collector.isComplete)
    try collector.addSPS(H264Fixture.SPS().nalUnit())
    let first = try sets(0)
    try collector.addSPS(H264Fixture.SPS().nalUnit())
    try collector.addPPS(H264Fixture.pps())
    #expect(try sets(0) === first)

    try collector.addPPS(H264Fixture.pps(id: 1))
    let second = try sets(0)
    #expect(second !== first && second.pps.count == 2)
    #expect(try sets(1) === second)

    var larger = H264Fixture.SPS()
    larger.width = 1_280
    try collector.addSPS(larger.nalUnit())
    #expect(try sets(1).resolution.width == 1_280)
  }

  @Test func collectorSeparatesSPSIDs() throws {
    var collector = ParameterSetCollector()
    func sets(_ ppsID: Int) throws -> ParameterSets {
      let active = collector.active(forPPS: ppsID)
      return try #require(active).sets
    }
    var other = H264Fixture.SPS()
    (other.id, other.width) = (5, 320)
    try collector.addSPS(H264Fixture.SPS().nalUnit())
    try collector.addSPS(other.nalUnit())
    try collector.addPPS(H264Fixture.pps(id: 0, spsID: 0))
    try collector.addPPS(H264Fixture.pps(id: 1, spsID: 5))
    let zero = try sets(0)
    let one = try sets(1)
    #expect(zero.resolution.width == 640 && zero.pps.count == 1)
    #expect(one.resolution.width == 320 && one.pps.count == 1)
    // A PPS that moves to another SPS changes the sets of both.
    try collector.addPPS(H264Fixture.pps(id: 0, spsID: 5))
    #expect(try sets(0).pps.count == 2)
  }

  @Test func collectorRefusesLargeSets() {
    var collector = ParameterSetCollector(parameterSetBytes: 8)
    #expect(throws: H264Error.self) { try collector.addSPS(H264Fixture.SPS().nalUnit()) }
  }

  @Test func damagedSetsNeverTrap() {
    var seeds = [H264Fixture.pps(id: 3, isCABAC: true)]
    for profile in [66, 77, 100, 244] as [UInt8] {
      for order in 0...2 {
        var fixture = H264Fixture.SPS()
        (fixture.profile, fixture.orderCountType, fixture.reorderFrames) = (profile, order, 1)
        fixture.timing = (1, 60)
        seeds.append(fixture.nalUnit())
      }
    }
    var parsed = 0
    Mutation.forEach(of: seeds, count: 20_000) { unit in
      if let sps = try? SequenceParameterSet.parse(unit) {
        parsed += 1
        #expect(sps.resolution.width > 0 && sps.resolution.height > 0)
        #expect((0...16).contains(sps.reorderDepth))
      }
      _ = try? PictureParameterSet.parse(unit)
      _ = RecoveryPoint.find(inSEI: unit)
    }
    #expect(parsed > 100)
  }
}
