import Foundation
import MediaModel
import Recording
import Synchronization
import Testing

@Suite struct RecordingEventTests {
  private final class Told: Sendable {
    private let list = Mutex<[RecordingEvent]>([])
    var events: [RecordingEvent] { list.withLock { $0 } }
    func add(_ event: RecordingEvent) { list.withLock { $0.append(event) } }

    var segments: [ClosedSegment] {
      events.compactMap { if case .segmentClosed(let segment) = $0 { segment } else { nil } }
    }
    var sessions: [EndedSession] {
      events.compactMap { if case .sessionEnded(let session) = $0 { session } else { nil } }
    }
  }

  private let told = Told()

  @Test func eachFileIsToldUnderTheNameThatItKeeps() throws {
    let bench = RecordingBench(onEvent: { [told] in told.add($0) }) { $0.segmentDuration = .seconds(1) }
    bench.play(try CodedClip.make(100))
    #expect(told.segments.count == 3 && told.sessions.isEmpty)
    bench.recorder?.endSession()
    let session = try #require(bench.catalog.sessions().first)
    #expect(told.segments.map(\.path) == (0...3).map { "\(session.id)/video_00\($0).mp4" })
    #expect(told.segments.map(\.frames) == [30, 30, 30, 10])
    #expect(told.segments.map(\.bytes) == session.files.map(\.bytes))
    #expect(told.segments.allSatisfy { $0.stream == "drone" && $0.session == session.id })
    for segment in told.segments {
      #expect(FileManager.default.fileExists(atPath: "\(bench.options.folder)/\(segment.path)"))
    }
    #expect(abs(told.segments[0].duration.seconds - 1.2) < 0.05)
    let ended = try #require(told.sessions.first)
    #expect(ended.outcome == .complete && ended.frames == 100 && ended.session == session.id)
    #expect(ended.bytes == session.files.reduce(0) { $0 + $1.bytes })
    #expect(abs(ended.duration.seconds - 3.96) < 1e-6)
    if case .sessionEnded = told.events.last {} else { Issue.record("the session ends after its files") }
  }

  @Test func aSessionOfOneFileKeepsItsName() throws {
    let bench = RecordingBench(onEvent: { [told] in told.add($0) })
    bench.play(try CodedClip.make(20))
    bench.wait(.seconds(21))
    let session = try #require(bench.catalog.sessions().first)
    #expect(told.segments.map(\.path) == ["\(session.id)/video.mp4"])
    #expect(told.sessions.count == 1)
  }

  @Test func aSessionWithoutFramesIsNotTold() throws {
    let bench = RecordingBench(onEvent: { [told] in told.add($0) })
    bench.play(try CodedClip.make(8).dropFirst(4))
    bench.recorder?.endSession()
    #expect(told.events.isEmpty)
  }

  @Test func aFileThatADiskErrorEndsIsTold() throws {
    let disk = SmallDisk(bytes: 1 << 30)
    let bench = RecordingBench(disk: disk, onEvent: { [told] in told.add($0) }) { $0.stillInterval = nil }
    bench.play(try CodedClip.make(40))
    disk.setRoom(200)
    bench.play(try CodedClip.make(40))
    #expect(bench.recorder?.pauseReason != nil)
    disk.setRoom(1 << 30)
    bench.wait(.seconds(6))
    bench.play(try CodedClip.make(20))
    bench.recorder?.endSession()
    let session = try #require(bench.catalog.sessions().first)
    #expect(told.segments.map(\.path) == [0, 1].map { "\(session.id)/video_00\($0).mp4" })
    #expect(told.segments.map(\.bytes) == session.files.map(\.bytes))
    #expect(told.segments.reduce(0) { $0 + $1.frames } == told.sessions.first?.frames)
    #expect(told.sessions.first?.frames == session.totalFrames)
  }
}
