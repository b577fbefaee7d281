import CodedMedia
import H264
import MediaModel
import NIOCore
import PhoneProtocol
import Testing
import TestSupport

@Suite struct PublisherSessionTests {
  private let sps = H264Fixture.annexB([H264Fixture.SPS().nalUnit()])
  private let pps = H264Fixture.annexB([H264Fixture.pps()])

  private func message(
    _ type: PhonePacketType, _ payload: ByteBuffer, micros: Int64 = 0
  ) -> ByteBuffer {
    PhonePacketWriter.message(PhonePacket(type: type, timestampMicros: micros, payload: payload))
  }

  private func picture(_ number: Int) -> ByteBuffer {
    var slice = H264Fixture.Slice()
    (slice.isIDR, slice.type, slice.frameNumber) = (number % 10 == 0, number % 10 == 0 ? 7 : 5, number % 10)
    return H264Fixture.annexB([slice.nalUnit()])
  }

  @Test(arguments: [false, true]) func packetsBecomePictures(isAligned: Bool) {
    var session = PublisherSession()
    let now = HostTime(nanos: 0)
    let config = VideoConfig(source: "test", isAligned: isAligned)
    #expect(session.text(config.json).config == config)
    var pictures: [CodedPicture] = []
    var rejects: [PublisherReject] = []
    func note(_ effects: PublisherSession.Effects) {
      pictures += effects.pictures
      rejects += effects.rejects
    }
    note(session.binary(message(.sps, sps), at: now))
    note(session.binary(message(.pps, pps), at: now))
    for number in 0..<30 {
      note(session.binary(message(.frame, picture(number), micros: Int64(number) * 40_000), at: now))
    }
    #expect(pictures.count == 30)
    note(session.finish())
    #expect(pictures.count == 30 && rejects.isEmpty)
    #expect(pictures.map(\.senderMicros) == (0..<30).map { $0 * 40_000 })
    #expect(pictures.filter(\.isKeyFrame).count == 3)
  }

  @Test func configPacketsCarryBothSets() {
    var session = PublisherSession()
    var both = sps
    both.writeImmutableBuffer(pps)
    _ = session.binary(message(.config, both), at: HostTime(nanos: 0))
    _ = session.binary(message(.keyFrame, picture(0)), at: HostTime(nanos: 0))
    let held = session.deadlineReached(at: HostTime(nanos: 200_000_000)).pictures
    both.writeImmutableBuffer(picture(0))
    #expect(held.map(\.bytes) == [both])
  }

  @Test func garbageBetweenPacketsChangesNothing() {
    var session = PublisherSession()
    let now = HostTime(nanos: 0)
    _ = session.text(VideoConfig(source: nil, isAligned: true).json)
    _ = session.binary(message(.sps, sps), at: now)
    _ = session.binary(message(.pps, pps), at: now)
    var generator = SeededGenerator(seed: 1)
    var pictures = 0
    var rejects = 0
    for number in 0..<1_000 {
      let garbage = ByteBuffer(bytes: generator.bytes(Int.random(in: 0...64, using: &generator)))
      rejects += session.binary(garbage, at: now).rejects.count
      pictures += session.binary(message(.frame, picture(number)), at: now).pictures.count
    }
    #expect(pictures == 1_000 && rejects == 1_000)
  }

  @Test func textMessagesOfEveryKind() {
    var session = PublisherSession()
    #expect(session.text(#"{"type":"video_config","format":"h264","source":"simulator","mode":"video"}"#).config != nil)
    #expect(session.text(#"{"type":"video_config","aligned":"au"}"#).config?.isAligned == true)
    #expect(session.text(#"{"type":"hello","n":[1,{"a":null}]}"#).rejects.isEmpty)
    #expect(session.text(#"{"n":1}"#).rejects.isEmpty)
    #expect(session.text("ping").rejects == [.text(.notAnObject)])
    #expect(session.text("[1]").rejects == [.text(.notAnObject)])
    #expect(session.text(#"{"type":"video_config","format":7}"#).rejects == [.text(.malformedConfig)])
    #expect(session.text(#"{"type":"video_config","format":"hevc"}"#).rejects == [.text(.unsupportedFormat)])
    let long = String(repeating: "x", count: 65_537)
    #expect(session.text(long).rejects == [.text(.oversized(bytes: 65_537, limit: 65_536))])
    let deep = String(repeating: "[", count: 60_000)
    #expect(session.text(deep).rejects == [.text(.notAnObject)])
    let deepInObject = #"{"type":"x","a":"# + String(repeating: "[", count: 30_000) + "}"
    #expect(session.text(deepInObject).rejects == [.text(.notAnObject)])
  }

  @Test func configJSONIsStable() {
    #expect(
      VideoConfig(source: "simulator", isAligned: true).json
        == #"{"aligned":"au","format":"h264","mode":"video","source":"simulator","type":"video_config"}"#)
  }

  @Test func deadlineSurvivesRejectedMessages() {
    var session = PublisherSession()
    let now = HostTime(nanos: 0)
    _ = session.binary(message(.sps, sps), at: now)
    _ = session.binary(message(.pps, pps), at: now)
    let deadline = session.binary(message(.keyFrame, picture(0)), at: now).nextDeadline
    #expect(deadline != nil)
    #expect(session.binary(ByteBuffer(), at: now).nextDeadline == deadline)
    #expect(session.text("x").nextDeadline == deadline)
  }

  @Test(
    .enabled(if: TestData.has("videos/worldsystem_segment_014.h264"), "\(TestData.absent)"),
    arguments: [false, true])
  func aRealFileComesThroughBitExact(isAligned: Bool) throws {
    let stream = try TestData.read("videos/worldsystem_segment_014.h264")
    var splitter = AccessUnitAssembler()
    let source =
      splitter.frame(stream, senderMicros: 0, now: HostTime(nanos: 0)).pictures + splitter.finish().pictures
    #expect(source.count == 144)

    var session = PublisherSession()
    _ = session.text(VideoConfig(source: "file", isAligned: isAligned).json)
    var pictures: [CodedPicture] = []
    let sets = source[0].parameterSets
    for (type, unit) in [(PhonePacketType.sps, sets.sps), (.pps, sets.pps[0])] {
      pictures += session.binary(message(type, H264Fixture.annexB([unit])), at: HostTime(nanos: 0)).pictures
    }
    for (index, picture) in source.enumerated() {
      let type: PhonePacketType = picture.isKeyFrame ? .keyFrame : .frame
      let packet = message(type, picture.bytes, micros: Int64(index) * 67_945)
      pictures += session.binary(packet, at: HostTime(nanos: Int64(index) * 67_945_000)).pictures
      if isAligned { #expect(pictures.count == index + 1) }
    }
    pictures += session.finish().pictures
    #expect(pictures.map(\.bytes) == source.map(\.bytes))
    #expect(pictures.map(\.nalUnits) == source.map(\.nalUnits))
    #expect(session.lateContinuations == 0)
  }
}
