import PosixFiles
import BusMessages
import Clocks
import Foundation
import Logging
import MediaModel
import MessageSpool
import NIOCore
import Synchronization
import TestSupport

/// A spool in a folder of its own, that can be closed and opened again.
final class SpoolFixture {
  let folder = TemporaryFolder()
  let disk: FaultyDisk
  var options: SpoolOptions
  private(set) var spool: MessageSpool!

  init(
    options: SpoolOptions = SpoolOptions(bytes: 1 << 20, segmentBytes: 16 << 10, minFreeBytes: 0),
    disk: FaultyDisk = FaultyDisk()
  ) throws {
    self.options = options
    self.disk = disk
    try open()
  }

  var path: String { folder.path("spool") }

  func open() throws {
    let clocks = SystemClocks(host: { HostTime(nanos: 0) }, wall: { WallTime(nanosSince1970: 0) })
    spool = try MessageSpool(
      folder: path, options: options, disk: disk, clocks: clocks,
      logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
  }

  /// As if the process were killed: nothing is written that is not there already.
  func kill() { spool = nil }

  func reopen() throws {
    kill()
    try open()
  }

  /// All that waits, from the oldest on.
  func contents(after position: SpoolPosition? = nil) -> [SpoolEntry] {
    spool.peek(after: position, maxMessages: .max, maxBytes: .max).map(\.1)
  }

  func ids(after position: SpoolPosition? = nil) -> [String] { contents(after: position).map(\.id) }

  /// Names of the files with messages.
  var files: [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).filter { $0.hasSuffix(".spool") }.sorted()
  }

  /// A message of telemetry.
  static func essential(_ number: Int, bytes: Int = 200) -> SpoolEntry {
    entry(.imuData, "e\(number)", bytes: bytes)
  }

  /// A message with video.
  static func bulk(_ number: Int, bytes: Int = 2_000) -> SpoolEntry { entry(.videoStream, "b\(number)", bytes: bytes) }

  static func entry(_ topic: Topic, _ id: String, bytes: Int) -> SpoolEntry {
    var body = ByteBuffer()
    for index in 0..<bytes { body.writeInteger(UInt8(truncatingIfNeeded: index &+ id.utf8.count)) }
    let message = BusMessage(
      topic: topic, body: body, contentType: BusMessage.json,
      headers: [
        BusHeader.timestampNanos: .text("1234567890"), "n": .integer(-7), "x": .real(.pi), "flag": .boolean(true),
      ])
    return SpoolEntry(message: message, id: id)
  }
}

/// The file system of this machine with less space than it has.
final class FaultyDisk: SpoolDisk {
  private struct Faults {
    /// Bytes that can still be written; `nil` without a bound.
    var remaining: Int?
    var bootID: String? = "first"
    var syncs = 0
  }

  private let faults = Mutex(Faults())
  private let posix = PosixSpoolDisk()

  /// Bytes that can still be written to files of messages. Removing files gives theirs back.
  var remaining: Int? {
    get { faults.withLock { $0.remaining } }
    set { faults.withLock { $0.remaining = newValue } }
  }

  var bootID: String? {
    get { faults.withLock { $0.bootID } }
    set { faults.withLock { $0.bootID = newValue } }
  }

  var syncs: Int { faults.withLock { $0.syncs } }

  func makeFolders(_ path: String) throws(SpoolError) { try posix.makeFolders(path) }
  func names(in folder: String) throws(SpoolError) -> [String] { try posix.names(in: folder) }
  func syncFolder(_ path: String) throws(SpoolError) { try posix.syncFolder(path) }
  func lock(_ path: String) throws(SpoolError) -> FileLock? { try posix.lock(path) }

  func open(_ path: String, isNew: Bool) throws(SpoolError) -> any SpoolFile {
    FaultyFile(try posix.open(path, isNew: isNew), path: path, disk: self)
  }

  func remove(_ path: String) throws(SpoolError) {
    let size = try posix.open(path, isNew: false).size()
    try posix.remove(path)
    faults.withLock { if $0.remaining != nil { $0.remaining! += size } }
  }

  func freeBytes(at path: String) throws(SpoolError) -> Int {
    if let remaining { return remaining }
    return try posix.freeBytes(at: path)
  }

  fileprivate func synced() { faults.withLock { $0.syncs += 1 } }

  /// What of a write there is room for.
  fileprivate func grant(_ bytes: Int) -> Int {
    faults.withLock { faults in
      guard let remaining = faults.remaining else { return bytes }
      let granted = min(bytes, remaining)
      faults.remaining = remaining - granted
      return granted
    }
  }

  fileprivate func giveBack(_ bytes: Int) { faults.withLock { if $0.remaining != nil { $0.remaining! += bytes } } }
}

private final class FaultyFile: SpoolFile {
  private let file: any SpoolFile
  private let path: String
  private let disk: FaultyDisk

  init(_ file: any SpoolFile, path: String, disk: FaultyDisk) {
    self.file = file
    self.path = path
    self.disk = disk
  }

  func size() throws(SpoolError) -> Int { try file.size() }
  func read(at offset: Int, count: Int) throws(SpoolError) -> ByteBuffer { try file.read(at: offset, count: count) }

  func write(_ bytes: ByteBuffer, at offset: Int) -> (written: Int, error: SpoolError?) {
    // Writing over what is there takes no space.
    guard path.hasSuffix(".spool") else { return file.write(bytes, at: offset) }
    let granted = disk.grant(bytes.readableBytes)
    let (written, error) = file.write(bytes.getSlice(at: bytes.readerIndex, length: granted)!, at: offset)
    return (written, error ?? (granted < bytes.readableBytes ? .disk(FileFailure(.write, path, code: ENOSPC)) : nil))
  }

  func truncate(to size: Int) throws(SpoolError) {
    let before = try file.size()
    try file.truncate(to: size)
    disk.giveBack(before - size)
  }

  func sync() throws(SpoolError) {
    disk.synced()
    try file.sync()
  }
}
