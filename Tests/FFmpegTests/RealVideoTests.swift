import FFmpeg
import Foundation
import MediaModel
import NIOCore
import TestSupport
import Testing

/// What `ffprobe -count_packets` and `-count_frames` say about files of the test data.
struct RealVideo: Sendable, CustomTestStringConvertible {
  var path: String
  var resolution: Resolution
  var frames: Int
  var framesPerSecond: Double
  var hasBFrames = false
  var isFullRange = false
  var testDescription: String { path }

  static let all = [
    RealVideo(
      path: "videos/08_driving.mp4", resolution: Resolution(width: 1280, height: 720), frames: 124,
      framesPerSecond: 24, hasBFrames: true),
    RealVideo(
      path: "videos/children_tracking_demo.mp4", resolution: Resolution(width: 960, height: 540), frames: 200,
      framesPerSecond: 30),
    RealVideo(
      path: "videos/worldsystem_segment_014.h264", resolution: Resolution(width: 854, height: 480), frames: 144,
      framesPerSecond: 14.718),
    RealVideo(
      path: "slam/gopro_karma_drone/video.mp4", resolution: Resolution(width: 854, height: 480), frames: 362,
      framesPerSecond: 29.97, hasBFrames: true, isFullRange: true),
  ]
}

/// What a test looks at, without the pixels of hundreds of frames.
private struct Summary {
  var resolution: Resolution
  var isFullRange: Bool
  var isKeyFrame: Bool
  var isDamaged: Bool
  var presentationTime: Nanoseconds

  init(_ decoded: DecodedPicture) {
    resolution = decoded.picture.resolution
    isFullRange = decoded.picture.isFullRange
    isKeyFrame = decoded.isKeyFrame
    isDamaged = decoded.isDamaged
    presentationTime = decoded.presentationTime
  }
}

@Suite(.enabled(if: TestData.root != nil, "test data is absent: set WORLDSYSTEM_TEST_DATA")) struct RealVideoTests {
  @Test(arguments: RealVideo.all) func everyFrameIsDemuxedAndDecodedOnceInOrder(video: RealVideo) throws {
    let demuxer = try Demuxer(MediaLocation(try #require(TestData.url(video.path)?.path)))
    #expect(demuxer.video.codec == .h264)
    #expect(demuxer.video.resolution == video.resolution)
    #expect((demuxer.video.reorderDepth > 0) == video.hasBFrames)
    #expect(abs((demuxer.video.frameRate?.framesPerSecond ?? 0) - video.framesPerSecond) < 0.01)
    let decoder = try H264Decoder(options: DecoderOptions(for: demuxer.video))
    var packets = 0
    var decodeTimes: [Int64] = []
    var pictures: [Summary] = []
    var shown: Set<Int64> = []
    while let packet = try demuxer.next() {
      packets += 1
      decodeTimes.append(packet.decodeTime.value)
      shown.insert(packet.presentationTime.value)
      // Annex B, whatever the container had.
      #expect(
        packet.bytes.readableBytesView.starts(with: [0, 0, 0, 1])
          || packet.bytes.readableBytesView.starts(with: [0, 0, 1]))
      pictures += try decoder.decode(packet.bytes, presentationTime: packet.presentationTime).map(Summary.init)
    }
    pictures += try decoder.flush().map(Summary.init)
    #expect(packets == video.frames)
    #expect(pictures.count == video.frames)
    #expect(pictures.first?.isKeyFrame == true)
    #expect(pictures.allSatisfy { $0.resolution == video.resolution })
    #expect(pictures.indices.filter { pictures[$0].isDamaged } == [])
    #expect(pictures.allSatisfy { $0.isFullRange == video.isFullRange })
    let times = pictures.map(\.presentationTime.value)
    #expect(zip(times, times.dropFirst()).allSatisfy { $0 < $1 })
    #expect(zip(decodeTimes, decodeTimes.dropFirst()).allSatisfy { $0 < $1 })
    #expect(Set(times) == shown)
  }

  @Test func rawAnnexBComesOutByteForByte() throws {
    let path = try #require(TestData.url("videos/worldsystem_segment_014.h264")?.path)
    let joined = try packets(of: MediaLocation(path)).reduce(into: ByteBuffer()) { $0.writeImmutableBuffer($1.bytes) }
    #expect(Data(joined.readableBytesView) == (try Data(contentsOf: URL(filePath: path))))
  }

  @Test func timesOfARawStreamWithBFramesFollowTheOrderOfDisplay() throws {
    let path = try #require(TestData.url("videos/08_driving.mp4")?.path)
    let contained = try packets(of: MediaLocation(path))
    let raw = temporaryPath(".h264")
    defer { try? FileManager.default.removeItem(atPath: raw) }
    let joined = contained.reduce(into: ByteBuffer()) { $0.writeImmutableBuffer($1.bytes) }
    try Data(joined.readableBytesView).write(to: URL(filePath: raw))
    let timed = try packets(of: MediaLocation(raw))
    #expect(timed.count == contained.count)
    let first = try #require(contained.map(\.presentationTime).min())
    for (raw, original) in zip(timed, contained) {
      let expected = original.presentationTime.value - first.value
      #expect(abs(raw.presentationTime.value - expected) < 1_000_000)
      #expect(raw.decodeTime <= raw.presentationTime)
    }
  }

  @Test func remuxingKeepsBytesAndTimes() throws {
    let path = try #require(TestData.url("videos/children_tracking_demo.mp4")?.path)
    let demuxer = try Demuxer(MediaLocation(path))
    let target = temporaryPath(".mp4")
    defer { try? FileManager.default.removeItem(atPath: target) }
    let sets = try #require(parameterSets(inAnnexB: demuxer.video.extradata, demuxer.video.resolution))
    let pusher = try StreamPusher(to: MediaLocation(target), parameterSets: sets)
    var sent: [DemuxedPacket] = []
    while let packet = try demuxer.next() {
      sent.append(packet)
      try pusher.send(
        packet.bytes, presentationTime: packet.presentationTime, decodeTime: packet.decodeTime,
        isKeyFrame: packet.isKeyFrame)
    }
    try pusher.finish()
    let received = try packets(of: MediaLocation(target))
    #expect(received.count == sent.count)
    #expect(received.map(\.isKeyFrame) == sent.map(\.isKeyFrame))
    for (left, right) in zip(sent, received) {
      // 1/90000 s is the resolution that the pusher asks for.
      #expect(abs(left.presentationTime.value - right.presentationTime.value) <= 11_112)
    }
  }
}
