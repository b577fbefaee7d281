import CodedMedia
import Foundation
import MediaModel
import Recording
import Testing
import TestSupport

@Suite struct RecorderTests {
  @Test func aSessionIsVideoStillsAndMetadata() throws {
    let bench = RecordingBench()
    bench.play(try CodedClip.make(65))
    let active = try #require(bench.catalog.sessions().first)
    #expect(active.isActive && active.endTime == nil)
    bench.wait(.seconds(21))

    let session = try #require(bench.catalog.sessions().first)
    #expect(!session.isActive)
    #expect(session.id == SessionID("20231114_221320"))
    #expect(session.stream == "drone" && session.totalFrames == 65 && session.poster == "frame_000001.jpg")
    #expect(session.startTime == VirtualClock.start.secondsSince1970)
    #expect(try abs(#require(session.endTime) - session.startTime - 2.56) < 1e-6)
    #expect(session.files.map(\.name) == ["video.mp4"])
    #expect(
      try bench.names(session) == [
        "frame_000001.jpg", "frame_000031.jpg", "frame_000061.jpg", "metadata.json", "video.mp4",
      ])
    let frames = try #require(try bench.metadata(session)["frames"] as? [[String: Any]])
    #expect(frames.map { $0["frame_number"] as? Int } == [1, 31, 61])
    #expect(frames.map { $0["path"] as? String } == ["frame_000001.jpg", "frame_000031.jpg", "frame_000061.jpg"])
    let second = try #require(frames[1]["timestamp"] as? Double)
    #expect(abs(second - session.startTime - 1.2) < 1e-6)
    let jpeg = try Data(contentsOf: URL(fileURLWithPath: bench.path(session, "frame_000031.jpg")))
    #expect(jpeg.starts(with: [0xff, 0xd8, 0xff]) && jpeg.suffix(2) == Data([0xff, 0xd9]))
    if let decoded = try bench.decodedFrames(bench.path(session, "video.mp4")) { #expect(decoded == 65) }
    #expect(abs(session.durationSeconds - 2.6) < 1e-6)
    #expect(bench.log.errors == 0)
  }

  @Test func recordingBeginsAtAKeyFrame() throws {
    let bench = RecordingBench()
    bench.play(try CodedClip.make(15).dropFirst(4))
    bench.recorder?.endSession()
    #expect(bench.catalog.sessions().first?.totalFrames == 5)
  }

  @Test func segmentsBeginAtKeyFrames() throws {
    let bench = RecordingBench { $0.segmentDuration = .seconds(1) }
    bench.play(try CodedClip.make(100))
    bench.recorder?.endSession()
    let session = try #require(bench.catalog.sessions().first)
    // Key frames every 0.4 s: a file of 1.2 s, 30 frames, each.
    #expect(session.files.map(\.name) == ["video_000.mp4", "video_001.mp4", "video_002.mp4", "video_003.mp4"])
    #expect(session.totalFrames == 100)
    for (file, count) in zip(session.files, [30, 30, 30, 10]) {
      if let decoded = try bench.decodedFrames(bench.path(session, file.name)) { #expect(decoded == count) }
    }
    #expect(try bench.names(session).contains("video.mp4") == false)
  }

  @Test func anotherResolutionIsAnotherFile() throws {
    let bench = RecordingBench()
    bench.play(try CodedClip.make(20))
    bench.play(try CodedClip.make(20, resolution: Resolution(width: 320, height: 180)))
    bench.recorder?.endSession()
    let session = try #require(bench.catalog.sessions().first)
    #expect(session.files.map(\.name) == ["video_000.mp4", "video_001.mp4"])
    let files = try #require(try bench.metadata(session)["files"] as? [[String: Any]])
    #expect(files.map { $0["width"] as? Int } == [160, 320])
    #expect(files.map { $0["frames"] as? Int } == [20, 20])
  }

  @Test func aPublisherThatComesBackContinuesTheSession() throws {
    let bench = RecordingBench()
    let clip = try CodedClip.make(20)
    bench.play(clip)
    bench.wait(.seconds(10))
    bench.play(clip)
    bench.wait(.seconds(25))
    bench.play(clip)
    bench.recorder?.endSession()
    let sessions = bench.catalog.sessions()
    #expect(sessions.map(\.totalFrames) == [20, 40])
    #expect(try #require(sessions.last?.durationSeconds) > 10)
  }

  @Test func capturesThatStepBackBeginAnotherFile() throws {
    let bench = RecordingBench()
    let clip = try CodedClip.make(10)
    bench.play(clip)
    let sets = clip[0]
    let early = VirtualClock.start.advanced(by: .seconds(-3_600))
    bench.recorder?.take(
      AccessUnit(picture: sets, sequence: 11, capturedAt: early, decodeAt: early, receivedAt: bench.clock.now),
      skipped: 0)
    bench.recorder?.endSession()
    #expect(bench.catalog.sessions().first?.files.count == 2)
  }

  @Test func metadataIsWrittenEverySecond() throws {
    let bench = RecordingBench()
    let clip = try CodedClip.make(150)
    for part in 0..<6 {
      bench.play(clip[(part * 25)..<(part * 25 + 25)])
      let session = try #require(bench.catalog.sessions().first)
      #expect(session.totalFrames >= part * 25)
      #expect(try bench.metadata(session)["end_time"] is NSNull)
    }
  }

  @Test func sessionsOfTheSameSecondDiffer() throws {
    let bench = RecordingBench()
    let other = Recorder(
      stream: "second", options: bench.options, disk: bench.disk, metrics: RecordingMetrics(),
      clocks: bench.clock.clocks, logger: bench.log.logger)
    let key = try #require(try CodedClip.make(1).first)
    for recorder in [try #require(bench.recorder), other] {
      recorder.take(
        AccessUnit(
          picture: key, sequence: 1, capturedAt: bench.clock.wallNow, decodeAt: bench.clock.wallNow,
          receivedAt: bench.clock.now), skipped: 0)
      recorder.endSession()
    }
    #expect(bench.catalog.sessions().map(\.id.text) == ["20231114_221320_2", "20231114_221320"])
    #expect(bench.catalog.sessions().map(\.stream) == ["second", "drone"])
  }

  @Test func sessionNamesSortByTime() throws {
    let names = ["20231114_221320", "20231114_221320_2", "20231114_221320_10", "20231114_221321", "20240101_000000"]
    let ids = try names.map { try #require(SessionID($0)) }
    #expect(ids.shuffled().sorted() == ids)
    for bad in ["", "2023", "20231114-221320", "20231114_22132", "..", "20231114_221320_", "20231114_221320_x"] {
      #expect(SessionID(bad) == nil)
    }
  }
}
