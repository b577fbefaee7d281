import BusMessages
import Foundation
import MessageSpool
import NIOCore
import Testing

/// What gives way when there is not enough room.
@Suite struct SpoolSpaceTests {
  private static let small = SpoolOptions(bytes: 128 << 10, segmentBytes: 16 << 10, minFreeBytes: 0)

  private func diskBytes(_ fixture: SpoolFixture) -> Int {
    fixture.files.reduce(0) { sum, name in
      let size = try? FileManager.default.attributesOfItem(atPath: "\(fixture.path)/\(name)")[.size] as? Int
      return sum + (size ?? 0)
    }
  }

  @Test func oldVideoGivesWayBeforeTelemetry() throws {
    let fixture = try SpoolFixture(options: Self.small)
    var (kept, dropped) = (0, 0)
    for round in 0..<200 {
      switch fixture.spool.append([SpoolFixture.bulk(round), SpoolFixture.essential(round)]) {
      case .kept: kept += 2
      case .partly(let some, let lost, let error):
        kept += some
        dropped += lost
        #expect(error == nil)
      }
      #expect(diskBytes(fixture) <= Self.small.bytes)
    }
    let ids = fixture.ids()
    #expect(ids.filter { $0.hasPrefix("e") } == (0..<200).map { "e\($0)" })
    let video = ids.filter { $0.hasPrefix("b") }
    #expect(!video.isEmpty && video == (200 - video.count..<200).map { "b\($0)" })
    #expect(kept == 400 && ids.count == 400 - dropped)
    // The order over both is that of appending.
    let numbers = ids.suffix(video.count * 2).map { Int($0.dropFirst())! }
    #expect(numbers == numbers.sorted())
  }

  @Test func withoutVideoTheOldestTelemetryGivesWay() throws {
    let fixture = try SpoolFixture(options: Self.small)
    for number in 0..<1_000 { _ = fixture.spool.append([SpoolFixture.essential(number)]) }
    let ids = fixture.ids()
    #expect(ids == (1_000 - ids.count..<1_000).map { "e\($0)" } && ids.count > 200)
  }

  @Test func videoNeverDisplacesTelemetry() throws {
    let fixture = try SpoolFixture(options: Self.small)
    var number = 0
    while fixture.spool.bytes < 126 << 10 {
      _ = fixture.spool.append([SpoolFixture.essential(number)])
      number += 1
    }
    let outcome = fixture.spool.append([SpoolFixture.bulk(0, bytes: 9_000)])
    #expect(outcome == .partly(kept: 0, dropped: 1, error: .full(folder: fixture.path, limitBytes: 128 << 10)))
    #expect(fixture.spool.messages == number)
  }

  @Test func aMessageLargerThanASegmentHasAFileOfItsOwn() throws {
    let fixture = try SpoolFixture(options: Self.small)
    #expect(
      fixture.spool.append([SpoolFixture.bulk(0), SpoolFixture.bulk(1, bytes: 60_000), SpoolFixture.bulk(2)]) == .kept)
    #expect(fixture.ids() == ["b0", "b1", "b2"])
    try fixture.reopen()
    #expect(fixture.ids() == ["b0", "b1", "b2"])
    guard case .partly(0, 1, .tooLarge?) = fixture.spool.append([SpoolFixture.bulk(3, bytes: 200_000)]) else {
      Issue.record("a message larger than the spool was kept")
      return
    }
    #expect(fixture.ids() == ["b0", "b1", "b2"])
  }

  // MARK: Full disk

  @Test(arguments: [0, 16, 17, 100, 1_000, 3_333, 5_000])
  func aFullDiskLosesNothingThatIsThere(remaining: Int) throws {
    let fixture = try SpoolFixture()
    #expect(fixture.spool.append((0..<10).map { SpoolFixture.essential($0) }) == .kept)
    fixture.disk.remaining = remaining
    let outcome = fixture.spool.append((10..<100).map { SpoolFixture.essential($0) })
    guard case .partly(let kept, let dropped, let error?) = outcome else {
      Issue.record("a full disk went unnoticed")
      return
    }
    #expect(kept + dropped == 90 && error.isFullDisk)
    #expect(error.description.contains("No space left on device") && error.description.contains(fixture.path))
    // As many whole messages as had room, and no less.
    #expect((remaining > 400) == (kept > 0))
    #expect(fixture.ids() == (0..<10 + kept).map { "e\($0)" })
    fixture.disk.remaining = nil
    #expect(fixture.spool.append([SpoolFixture.essential(100)]) == .kept)
    try fixture.reopen()
    #expect(fixture.ids() == (0..<10 + kept).map { "e\($0)" } + ["e100"])
  }

  @Test func onAFullDiskVideoGivesWayToTelemetry() throws {
    let fixture = try SpoolFixture()
    _ = fixture.spool.append((0..<30).map { SpoolFixture.bulk($0) })
    fixture.disk.remaining = 0
    let outcome = fixture.spool.append((0..<20).map { SpoolFixture.essential($0) })
    guard case .partly(20, let dropped, nil) = outcome else {
      Issue.record("telemetry was lost while there was video: \(outcome)")
      return
    }
    let ids = fixture.ids()
    #expect(dropped > 0 && ids == (dropped..<30).map { "b\($0)" } + (0..<20).map { "e\($0)" })
  }

  @Test func whatMustStayFreeStaysFree() throws {
    var options = SpoolOptions(bytes: 1 << 20, segmentBytes: 16 << 10, minFreeBytes: 100_000)
    let fixture = try SpoolFixture(options: options)
    fixture.disk.remaining = 120_000
    while fixture.spool.append([SpoolFixture.essential(0)]) == .kept {}
    #expect(fixture.disk.remaining! >= 100_000 && fixture.disk.remaining! < 101_000)
    guard case .partly(0, 1, .lowSpace?) = fixture.spool.append([SpoolFixture.essential(1)]) else {
      Issue.record("the space that must stay free was used")
      return
    }
    options.minFreeBytes = 0
    fixture.options = options
    try fixture.reopen()
    #expect(fixture.spool.append([SpoolFixture.essential(1)]) == .kept)
  }

  @Test func droppingWhatIsHandedOutKeepsPositionsValid() throws {
    let fixture = try SpoolFixture(options: Self.small)
    _ = fixture.spool.append((0..<40).map { SpoolFixture.bulk($0) })
    let taken = fixture.spool.peek(after: nil, maxMessages: 20, maxBytes: .max)
    // The files that were handed out give way meanwhile.
    _ = fixture.spool.append((40..<100).map { SpoolFixture.bulk($0) })
    fixture.spool.remove(through: taken[19].0)
    let ids = fixture.ids(after: taken[19].0)
    #expect(ids == (100 - ids.count..<100).map { "b\($0)" } && ids.count == fixture.spool.messages)
  }
}
