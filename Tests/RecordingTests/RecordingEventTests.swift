import Foundation
import MediaModel
import Recording
import Testing

@Suite struct RecordingEventTests {
  @Test func eachFileIsToldUnderTheNameThatItKeeps() throws {
    let bench = RecordingBench { $0.segmentDuration = .seconds(1) }
    bench.play(try CodedClip.make(100))
    #expect(bench.told.segments.count == 3 && bench.told.sessions.isEmpty)
    bench.recorder?.endSession()
    let session = try #require(bench.catalog.sessions().first)
    #expect(bench.told.segments.map(\.path) == (0...3).map { "\(session.id)/video_00\($0).mp4" })
    #expect(bench.told.segments.map(\.frames) == [30, 30, 30, 10])
    #expect(bench.told.segments.map(\.bytes) == session.files.map(\.bytes))
    #expect(bench.told.segments.allSatisfy { $0.stream == "drone" && $0.session == session.id })
    for segment in bench.told.segments {
      #expect(FileManager.default.fileExists(atPath: "\(bench.options.folder)/\(segment.path)"))
    }
    #expect(abs(bench.told.segments[0].duration.seconds - 1.2) < 0.05)
    let ended = try #require(bench.told.sessions.first)
    #expect(ended.outcome == .complete && ended.frames == 100 && ended.session == session.id)
    #expect(ended.bytes == session.files.reduce(0) { $0 + $1.bytes })
    #expect(abs(ended.duration.seconds - 3.96) < 1e-6)
    if case .sessionEnded = bench.told.events.last {} else { Issue.record("the session ends after its files") }
  }

  @Test func aSessionOfOneFileKeepsItsName() throws {
    let bench = RecordingBench()
    bench.play(try CodedClip.make(20))
    bench.wait(.seconds(21))
    let session = try #require(bench.catalog.sessions().first)
    #expect(bench.told.segments.map(\.path) == ["\(session.id)/video.mp4"])
    #expect(bench.told.sessions.count == 1)
  }

  @Test func aSessionWithoutFramesIsNotTold() throws {
    let bench = RecordingBench()
    bench.play(try CodedClip.make(8).dropFirst(4))
    bench.recorder?.endSession()
    #expect(bench.told.events.isEmpty)
  }

  @Test func aFileThatADiskErrorEndsIsTold() throws {
    let disk = SmallDisk(bytes: 1 << 30)
    let bench = RecordingBench(disk: disk) { $0.stillInterval = nil }
    bench.play(try CodedClip.make(40))
    disk.setRoom(200)
    bench.play(try CodedClip.make(40))
    #expect(bench.recorder?.pauseReason != nil)
    disk.setRoom(1 << 30)
    bench.wait(.seconds(6))
    bench.play(try CodedClip.make(20))
    bench.recorder?.endSession()
    let session = try #require(bench.catalog.sessions().first)
    #expect(bench.told.segments.map(\.path) == [0, 1].map { "\(session.id)/video_00\($0).mp4" })
    #expect(bench.told.segments.map(\.bytes) == session.files.map(\.bytes))
    #expect(bench.told.segments.reduce(0) { $0 + $1.frames } == bench.told.sessions.first?.frames)
    #expect(bench.told.sessions.first?.frames == session.totalFrames)
  }
}
