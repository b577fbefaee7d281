import CodedMedia
import Foundation
import MediaModel
import Recording
import Testing
import TestSupport

@Suite struct RecordingStorageTests {
  /// Sessions an hour apart.
  private func record(_ bench: RecordingBench, sessions: Int) throws -> [RecordedSessionInfo] {
    let clip = try CodedClip.make(20)
    for _ in 0..<sessions {
      bench.play(clip)
      bench.recorder?.endSession()
      bench.clock.advance(.seconds(3_600))
    }
    return bench.catalog.sessions().sorted { $0.id < $1.id }
  }

  @Test func oldSessionsAreDeleted() throws {
    let bench = RecordingBench()
    let sessions = try record(bench, sessions: 4)
    bench.keeper { $0.keepFor = .seconds(2.5 * 3_600) }.deleteOld()
    #expect(bench.catalog.sessions().map(\.id) == sessions.suffix(2).reversed().map(\.id))
  }

  @Test func theOldestGoWhenAllTakeTooMuch() throws {
    let bench = RecordingBench()
    let sessions = try record(bench, sessions: 4)
    let newest = sessions.suffix(2).reduce(0) { $0 + $1.bytes }
    bench.keeper { $0.keepBytes = newest }.deleteOld()
    #expect(bench.catalog.sessions().map(\.id) == sessions.suffix(2).reversed().map(\.id))
  }

  @Test func activeAndUnfinishedSessionsStay() throws {
    let bench = RecordingBench()
    let clip = try CodedClip.make(20)
    bench.play(clip)
    let keeper = bench.keeper { ($0.keepBytes, $0.keepFor) = (1, .seconds(1)) }
    bench.clock.advance(.seconds(10))
    keeper.deleteOld()
    #expect(bench.catalog.sessions().count == 1)
    bench.crash()
    keeper.deleteOld()
    #expect(bench.catalog.sessions().count == 1)
  }

  @Test func foreignFilesAndFoldersStay() throws {
    let bench = RecordingBench()
    _ = try record(bench, sessions: 1)
    let foreign = ["tokens", "20231114_221320_x", "certificate"]
    for name in foreign {
      try FileManager.default.createDirectory(
        atPath: "\(bench.options.folder)/\(name)", withIntermediateDirectories: true)
    }
    bench.keeper { $0.keepBytes = 0 }.start()
    #expect(try FileManager.default.contentsOfDirectory(atPath: bench.options.folder).sorted() == foreign.sorted())
  }

  @Test func linksAreRemovedNotFollowed() throws {
    let bench = RecordingBench()
    let session = try #require(try record(bench, sessions: 1).first)
    let precious = bench.folder.path("precious.txt")
    try "keep".write(toFile: precious, atomically: true, encoding: .utf8)
    try FileManager.default.createSymbolicLink(
      atPath: bench.path(session, "link.mp4"), withDestinationPath: precious)
    #expect(bench.catalog.path(session: session.id.text, file: "link.mp4") == nil)
    bench.keeper { $0.keepBytes = 0 }.deleteOld()
    #expect(bench.catalog.sessions().isEmpty)
    #expect(try String(contentsOfFile: precious, encoding: .utf8) == "keep")
  }

  @Test func pathsLeadNowhereElse() throws {
    let bench = RecordingBench()
    let session = try #require(try record(bench, sessions: 1).first)
    let id = session.id.text
    #expect(bench.catalog.path(session: id, file: "video.mp4") == bench.path(session, "video.mp4"))
    for (folder, file) in [
      ("..", "video.mp4"), (".", id), ("", "video.mp4"), (id, "../\(id)/video.mp4"), (id, ".."), (id, ""),
      (id, "video.mp4/"), (id, "video.mp4\0.jpg"), (id, "absent.mp4"), ("\(id)/..", "video.mp4"), (id, ".recording"),
    ] {
      #expect(bench.catalog.path(session: folder, file: file) == nil, "\(folder) \(file)")
    }
  }

  @Test func damagedMetadataAreLeftOut() throws {
    let bench = RecordingBench()
    let session = try #require(try record(bench, sessions: 1).first)
    let path = bench.path(session, "metadata.json")
    let good = try Data(contentsOf: URL(fileURLWithPath: path))
    let catalog = bench.catalog
    #expect(catalog.sessions().count == 1)
    try Data("{}".utf8).write(to: URL(fileURLWithPath: path))
    #expect(catalog.sessions().isEmpty)
    bench.keeper { $0.keepBytes = 0 }.start()
    #expect(FileManager.default.fileExists(atPath: bench.path(session, "video.mp4")))
    try good.write(to: URL(fileURLWithPath: path))
    #expect(catalog.sessions().count == 1)
  }
}
