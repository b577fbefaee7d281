import Clocks
import CodedMedia
import Foundation
import MediaModel
import Recording
import Testing
import TestSupport

@Suite struct RecordingFaultTests {
  @Test(arguments: [1, 7, 24, 25, 38, 99]) func aCrashLosesLessThanASecond(frames: Int) throws {
    let bench = RecordingBench()
    bench.play(try CodedClip.make(frames))
    bench.crash()
    let left = bench.catalog.sessions().first
    if frames > 1 {
      let session = try #require(left)
      #expect(!session.isActive && session.endTime == nil)
      // Before anything is repaired: what is there plays.
      if frames > 10, let decoded = try bench.decodedFrames(bench.path(session, "video.mp4")) {
        #expect(decoded >= frames - 12)
      }
    }
    bench.keeper().start()
    guard frames > 10 else {
      // Not one fragment was written.
      #expect(bench.catalog.sessions().isEmpty)
      return
    }
    let session = try #require(bench.catalog.sessions().first)
    // 0.4 s of fragments at 25 frames a second, and the frame whose duration is not known yet.
    #expect(session.totalFrames >= frames - 12 && session.totalFrames < frames)
    if let decoded = try bench.decodedFrames(bench.path(session, "video.mp4")) {
      #expect(decoded == session.totalFrames)
    }
    let seconds = Double(session.totalFrames) * 0.04
    #expect(abs(session.durationSeconds - seconds) < 0.05)
    #expect(try abs(#require(session.endTime) - session.startTime - seconds) < 0.05)
    #expect(try !bench.names(session).contains { $0.hasSuffix(".tmp") || $0 == ".recording" })
    let before = session
    bench.keeper().start()
    #expect(bench.catalog.sessions() == [before])
  }

  @Test func recoveryLeavesActiveSessionsAlone() throws {
    let bench = RecordingBench()
    let clip = try CodedClip.make(60)
    bench.play(clip[..<30])
    bench.keeper().start()
    #expect(bench.catalog.sessions().first?.isActive == true)
    bench.play(clip[30...])
    bench.recorder?.endSession()
    let session = try #require(bench.catalog.sessions().first)
    #expect(session.totalFrames == 60)
    if let decoded = try bench.decodedFrames(bench.path(session, "video.mp4")) { #expect(decoded == 60) }
  }

  @Test func aFileThatWasCutInTheMiddleOfAFragmentIsRepaired() throws {
    let bench = RecordingBench()
    bench.play(try CodedClip.make(60))
    bench.crash()
    let session = try #require(bench.catalog.sessions().first)
    let path = bench.path(session, "video.mp4")
    let data = try Data(contentsOf: URL(fileURLWithPath: path))
    try data.dropLast(100).write(to: URL(fileURLWithPath: path))
    bench.keeper().start()
    let repaired = try #require(bench.catalog.sessions().first)
    #expect(repaired.totalFrames < 60 && repaired.totalFrames > 30)
    if let decoded = try bench.decodedFrames(path) { #expect(decoded == repaired.totalFrames) }
  }

  @Test func aFullDiskPausesRecordingOnce() throws {
    let disk = SmallDisk(bytes: 30_000)
    let bench = RecordingBench(disk: disk) { $0.stillInterval = nil }
    let clip = try CodedClip.make(300)
    bench.play(clip[..<200])
    #expect(bench.recorder?.pauseReason?.isFullDisk == true)
    #expect(bench.log.errors == 1)
    // Somebody makes room; recording goes on at a key frame.
    disk.setRoom(50_000_000)
    bench.play(clip[200...])
    #expect(bench.recorder?.pauseReason == nil)
    #expect(bench.log.errors == 1)
    bench.recorder?.endSession()

    let session = try #require(bench.catalog.sessions().first)
    #expect(session.files.map(\.name) == ["video_000.mp4", "video_001.mp4"])
    let metadata = try bench.metadata(session)
    let files = try #require(metadata["files"] as? [[String: Any]])
    let counts = files.compactMap { $0["frames"] as? Int }
    #expect(counts.reduce(0, +) == session.totalFrames)
    #expect(session.totalFrames + (metadata["missed_frames"] as? Int ?? 0) == 300)
    #expect(counts[0] > 20 && counts[1] > 50)
    for (file, count) in zip(session.files, counts) {
      if let decoded = try bench.decodedFrames(bench.path(session, file.name)) { #expect(decoded == count) }
    }
  }

  @Test func aDiskThatIsFullFromTheStartIsOneErrorAndNoFolderIsLeft() throws {
    let disk = SmallDisk(bytes: 10)
    let bench = RecordingBench(disk: disk)
    bench.play(try CodedClip.make(300))
    #expect(bench.log.errors == 1)
    bench.recorder?.endSession()
    bench.clock.advance(.seconds(120))
    // Folders count from their own modification time, which is that of the real clock.
    let clock = bench.clock
    let farFuture = SystemClocks(
      host: { clock.now }, wall: { WallTime(nanosSince1970: 4_000_000_000_000_000_000) })
    let late = RecordingKeeper(options: bench.options, disk: disk, clocks: farFuture, logger: bench.log.logger)
    late.recover()
    #expect(try FileManager.default.contentsOfDirectory(atPath: bench.options.folder).isEmpty)
  }

  @Test func littleSpacePausesWhileThereIsStillRoomToEndTheFile() throws {
    let disk = SmallDisk(bytes: 100_000_000)
    let bench = RecordingBench(disk: disk) { $0.minimumFreeBytes = 50_000_000 }
    let clip = try CodedClip.make(200)
    bench.play(clip[..<60])
    disk.setRoom(49_000_000)
    bench.play(clip[60..<120])
    guard case .lowSpace(let free, 50_000_000) = bench.recorder?.pauseReason else {
      Issue.record("not paused for want of space")
      return
    }
    #expect(free <= 49_000_000)
    let session = try #require(bench.catalog.sessions().first)
    // At most one second, and what came before the check, is recorded after space ran low.
    if let decoded = try bench.decodedFrames(bench.path(session, "video.mp4")) { #expect((60...86).contains(decoded)) }
    // Just above the minimum is not enough: recording must not flap.
    disk.setRoom(51_000_000)
    bench.play(clip[120..<150])
    #expect(bench.recorder?.pauseReason != nil)
    disk.setRoom(60_000_000)
    bench.play(clip[150...])
    #expect(bench.recorder?.pauseReason == nil)
    #expect(bench.log.errors == 1)
  }

  @Test func aSessionThatEndsOnAFullDiskIsCompletedLater() throws {
    let disk = SmallDisk(bytes: 30_000)
    let bench = RecordingBench(disk: disk) { $0.stillInterval = nil }
    bench.play(try CodedClip.make(200))
    disk.setRoom(0)
    bench.wait(.seconds(25))
    #expect(bench.catalog.sessions().first?.endTime == nil)
    disk.setRoom(1_000_000)
    bench.keeper().recover()
    let session = try #require(bench.catalog.sessions().first)
    #expect(session.endTime != nil && session.totalFrames > 20)
    let decoded = try session.files.compactMap { try bench.decodedFrames(bench.path(session, $0.name)) }
    if decoded.count == session.files.count { #expect(decoded.reduce(0, +) == session.totalFrames) }
  }

  @Test func skippedUnitsAreCounted() throws {
    let bench = RecordingBench()
    let clip = try CodedClip.make(20)
    bench.play(clip[..<10])
    bench.recorder?.take(
      AccessUnit(
        picture: clip[10], sequence: 40, capturedAt: bench.clock.wallNow, decodeAt: bench.clock.wallNow,
        receivedAt: bench.clock.now), skipped: 29)
    bench.recorder?.endSession()
    let session = try #require(bench.catalog.sessions().first)
    #expect(try bench.metadata(session)["missed_frames"] as? Int == 29)
    #expect(session.totalFrames == 11)
  }
}
