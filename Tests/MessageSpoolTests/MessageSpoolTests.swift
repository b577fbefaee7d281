import BusMessages
import Clocks
import Foundation
import Logging
import MessageSpool
import NIOCore
import TestSupport
import Testing

@Suite struct MessageSpoolTests {
  @Test func messagesComeBackInOrderWhateverTheirTopic() throws {
    let fixture = try SpoolFixture()
    let entries = (0..<60).map { $0 % 3 == 0 ? SpoolFixture.bulk($0) : SpoolFixture.essential($0) }
    #expect(fixture.spool.append(Array(entries[..<20])) == .kept)
    #expect(fixture.spool.append(Array(entries[20...])) == .kept)
    #expect(fixture.spool.messages == 60)
    #expect(fixture.contents() == entries)
  }

  @Test func peekGoesOnBehindAPositionAndKeepsItsBounds() throws {
    let fixture = try SpoolFixture()
    _ = fixture.spool.append((0..<30).map { SpoolFixture.essential($0) })
    let first = fixture.spool.peek(after: nil, maxMessages: 10, maxBytes: .max)
    #expect(first.map(\.1.id) == (0..<10).map { "e\($0)" })
    let second = fixture.spool.peek(after: first.last?.0, maxMessages: .max, maxBytes: 1)
    #expect(second.map(\.1.id) == ["e10"])
    #expect(fixture.ids(after: second.last?.0) == (11..<30).map { "e\($0)" })
    let all = fixture.spool.peek(after: nil, maxMessages: 30, maxBytes: .max)
    #expect(fixture.ids(after: all[29].0) == [])
  }

  @Test func whatWasHandedOutBeforeIsFlagged() throws {
    let fixture = try SpoolFixture()
    _ = fixture.spool.append((0..<4).map { SpoolFixture.essential($0) })
    let first = fixture.spool.peek(after: nil, maxMessages: 2, maxBytes: .max)
    #expect(first.map(\.1.mayHaveBeenSent) == [false, false])
    #expect(fixture.contents().map(\.mayHaveBeenSent) == [true, true, false, false])
  }

  @Test func removingFreesFiles() throws {
    let fixture = try SpoolFixture()
    _ = fixture.spool.append((0..<300).map { SpoolFixture.essential($0) })
    #expect(fixture.files.count > 3)
    let taken = fixture.spool.peek(after: nil, maxMessages: 300, maxBytes: .max)
    fixture.spool.remove(through: taken[149].0)
    #expect(fixture.spool.messages == 150)
    let left = fixture.files.count
    #expect(fixture.ids() == (150..<300).map { "e\($0)" })
    fixture.spool.remove(through: taken[299].0)
    #expect(left > 0 && fixture.files.isEmpty)
    #expect(fixture.spool.isEmpty && fixture.spool.bytes == 0)
    // And it goes on.
    _ = fixture.spool.append([SpoolFixture.bulk(1), SpoolFixture.essential(2)])
    #expect(fixture.ids() == ["b1", "e2"])
  }

  // MARK: Restarts

  @Test func aKilledProcessLosesNothingAndRepeatsOnlyWhatIsFlagged() throws {
    let fixture = try SpoolFixture()
    _ = fixture.spool.append((0..<100).map { $0 % 2 == 0 ? SpoolFixture.bulk($0) : SpoolFixture.essential($0) })
    let taken = fixture.spool.peek(after: nil, maxMessages: 50, maxBytes: .max)
    fixture.spool.remove(through: taken[19].0)
    try fixture.reopen()
    #expect(fixture.spool.messages == 80)
    let contents = fixture.contents()
    #expect(contents.map(\.id) == (20..<100).map { $0 % 2 == 0 ? "b\($0)" : "e\($0)" })
    #expect(contents.map(\.mayHaveBeenSent) == (20..<100).map { $0 < 50 })
    // New messages come behind the old ones, and count as new.
    _ = fixture.spool.append([SpoolFixture.essential(100)])
    try fixture.reopen()
    #expect(fixture.contents().last?.id == "e100")
  }

  @Test func afterTheMachineWentDownEverythingIsFlagged() throws {
    let fixture = try SpoolFixture()
    _ = fixture.spool.append((0..<3).map { SpoolFixture.essential($0) })
    fixture.disk.bootID = "second"
    try fixture.reopen()
    _ = fixture.spool.append([SpoolFixture.essential(3)])
    #expect(fixture.contents().map(\.mayHaveBeenSent) == [true, true, true, false])
  }

  @Test func anEmptiedSpoolStaysEmpty() throws {
    let fixture = try SpoolFixture()
    for round in 0..<3 {
      _ = fixture.spool.append((0..<5).map { SpoolFixture.essential(round * 5 + $0) })
      let taken = fixture.spool.peek(after: nil, maxMessages: 5, maxBytes: .max)
      #expect(taken.map(\.1.id) == (0..<5).map { "e\(round * 5 + $0)" })
      #expect(taken.allSatisfy { !$0.1.mayHaveBeenSent })
      fixture.spool.remove(through: taken[4].0)
      try fixture.reopen()
      #expect(fixture.spool.isEmpty)
    }
  }

  @Test func aTornTailIsCutOff() throws {
    let fixture = try SpoolFixture()
    _ = fixture.spool.append((0..<10).map { SpoolFixture.essential($0) })
    fixture.kill()
    let file = URL(filePath: fixture.path).appending(path: fixture.files[0])
    let whole = try Data(contentsOf: file)
    for cut in stride(from: whole.count - 1, to: 0, by: -37) {
      try whole.prefix(cut).write(to: file)
      try fixture.open()
      let ids = fixture.ids()
      #expect(ids == (0..<ids.count).map { "e\($0)" } && ids.count < 10, "cut at \(cut)")
      // What comes next does not stand behind rubbish.
      _ = fixture.spool.append([SpoolFixture.essential(99)])
      try fixture.reopen()
      #expect(fixture.ids() == ids + ["e99"])
      fixture.kill()
      for name in fixture.files { try FileManager.default.removeItem(atPath: "\(fixture.path)/\(name)") }
    }
  }

  @Test func damageInTheMiddleCostsOneMessage() throws {
    let fixture = try SpoolFixture()
    _ = fixture.spool.append((0..<10).map { SpoolFixture.essential($0) })
    fixture.kill()
    let file = URL(filePath: fixture.path).appending(path: fixture.files[0])
    var bytes = try Data(contentsOf: file)
    bytes[16 + (bytes.count - 16) / 10 * 4 + 100] ^= 1
    try bytes.write(to: file)
    try fixture.open()
    #expect(fixture.spool.messages == 9)
    #expect(fixture.ids() == [0, 1, 2, 3, 5, 6, 7, 8, 9].map { "e\($0)" })
    fixture.spool.remove(through: fixture.spool.peek(after: nil, maxMessages: 9, maxBytes: .max)[8].0)
    #expect(fixture.files.isEmpty && fixture.spool.isEmpty)
  }

  @Test func damageWhileItRunsEndsPeekingOfThatFileOnly() throws {
    let fixture = try SpoolFixture()
    _ = fixture.spool.append((0..<200).map { SpoolFixture.essential($0) })
    let files = fixture.files
    #expect(files.count > 2)
    let damaged = "\(fixture.path)/\(files[1])"
    let size = try Data(contentsOf: URL(filePath: damaged)).count
    try Data(count: size).write(to: URL(filePath: damaged), options: [])
    let ids = fixture.ids()
    #expect(ids.count < 200 && ids.count > 50)
    #expect(ids.last == "e199" && fixture.spool.messages == ids.count)
  }

  @Test func aFolderHasOneOwner() throws {
    let fixture = try SpoolFixture()
    #expect(throws: SpoolError.inUse(folder: fixture.path)) {
      _ = try MessageSpool(folder: fixture.path, clocks: .system, logger: .init(label: "test"))
    }
    #expect("\(SpoolError.inUse(folder: "/data/spool"))" == "the spool in /data/spool is in use by another process")
  }

  @Test func aForeignFileIsNotTouched() throws {
    let fixture = try SpoolFixture()
    fixture.kill()
    try Data("something else entirely".utf8).write(to: URL(filePath: "\(fixture.path)/bulk-1.spool"))
    #expect(throws: SpoolError.unknownFormat(path: "\(fixture.path)/bulk-1.spool")) { try fixture.open() }
    #expect(fixture.files == ["bulk-1.spool"])
  }

  @Test func aFolderThatCannotBeMadeIsNamed() throws {
    let fixture = try SpoolFixture()
    try Data().write(to: fixture.folder.file("file"))
    let error = #expect(throws: SpoolError.self) {
      _ = try MessageSpool(
        folder: fixture.folder.path("file") + "/spool", clocks: .system, logger: .init(label: "test"))
    }
    #expect(
      error?.description
        == "the spool cannot be used: creating folder \(fixture.folder.path("file"))/spool failed: Not a directory")
  }

  @Test func syncReachesTheDisk() throws {
    let fixture = try SpoolFixture()
    _ = fixture.spool.append([SpoolFixture.essential(0), SpoolFixture.bulk(1)])
    try fixture.spool.sync()
    #expect(fixture.disk.syncs == 2)
    try fixture.spool.sync()
    #expect(fixture.disk.syncs == 2)
  }
}
