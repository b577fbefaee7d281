import PosixFiles
import Clocks
import CodedMedia
import FFmpeg
import Foundation
import H264
import Logging
import MediaModel
import NIOCore
import Recording
import Synchronization
import TestSupport

/// Clocks that stand still unless they are told otherwise.
final class VirtualClock: Sendable {
  static let start = WallTime(nanosSince1970: 1_700_000_000_000_000_000)  // 2023-11-14 22:13:20 UTC
  private let host = Mutex(HostTime(nanos: 5_000_000_000))

  var now: HostTime { host.withLock { $0 } }
  var wallNow: WallTime { Self.start.advanced(by: now.since(HostTime(nanos: 5_000_000_000))) }

  func advance(_ duration: Nanoseconds) { host.withLock { $0 = $0.advanced(by: duration) } }

  var clocks: SystemClocks { SystemClocks(host: { self.now }, wall: { self.wallNow }) }
}

/// Log records as text.
final class LogCapture: Sendable {
  private let records = Mutex<[(level: Logger.Level, text: String)]>([])

  var errors: Int { records.withLock { $0.count { $0.level >= .error } } }
  var texts: [String] { records.withLock { $0.map(\.text) } }

  var logger: Logger {
    Logger(label: "test") { _ in Handler(capture: self) }
  }

  private struct Handler: LogHandler {
    let capture: LogCapture
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.trace

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
      get { metadata[key] }
      set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
      capture.records.withLock { $0.append((event.level, "\(event.message) \(event.metadata ?? [:])")) }
    }
  }
}

/// Pictures of a moving pattern, coded once for all tests, 40 ms apart, a key frame every ten.
enum CodedClip {
  static let interval: Int64 = 40

  static func make(_ count: Int, resolution: Resolution = Resolution(width: 160, height: 96)) throws -> [CodedPicture] {
    var options = H264Encoder.Options()
    options.preset = .ultrafast
    options.keyFrameInterval = 10
    let encoder = try H264Encoder(resolution: resolution, frameRate: FrameRate(25), options: options)
    var assembler = AccessUnitAssembler()
    assembler.isAligned = true
    var pictures: [CodedPicture] = []
    for index in 0..<count {
      let coded = try encoder.encode(
        picture(index, resolution), presentationTime: .milliseconds(Int64(index) * interval),
        asKeyFrame: index % 10 == 0)
      for unit in coded {
        pictures +=
          assembler.frame(
            unit.bytes, senderMicros: unit.presentationTime.value / 1_000, now: HostTime(nanos: 0)
          ).pictures
      }
    }
    return pictures
  }

  private static func picture(_ index: Int, _ resolution: Resolution) -> Picture {
    let builder = PictureBuilder(resolution: resolution)
    for row in 0..<resolution.height {
      for column in 0..<resolution.width {
        builder.luma[row * builder.strides.luma + column] = UInt8(truncatingIfNeeded: 3 * column + row + 5 * index)
      }
    }
    for row in 0..<(resolution.height + 1) / 2 {
      for column in 0..<(resolution.width + 1) / 2 {
        builder.cb[row * builder.strides.chroma + column] = UInt8(truncatingIfNeeded: 100 + index)
        builder.cr[row * builder.strides.chroma + column] = 128
      }
    }
    return builder.seal()
  }
}

/// A disk on which only so much room is left for new bytes.
final class SmallDisk: Disk {
  private let real = PosixDisk()
  private let room: Mutex<Int>
  private let total: Int

  private let onMakeFolders: @Sendable () -> Void

  /// - Parameter onMakeFolders: is called before folders are made, and may take its time.
  init(bytes: Int, onMakeFolders: @escaping @Sendable () -> Void = {}) {
    room = Mutex(bytes)
    total = bytes
    self.onMakeFolders = onMakeFolders
  }

  /// Somebody frees or takes space.
  func setRoom(_ bytes: Int) { room.withLock { $0 = bytes } }

  private final class File: DiskFile {
    let real: any DiskFile
    let disk: SmallDisk
    var path: String { real.path }

    init(_ real: any DiskFile, _ disk: SmallDisk) {
      self.real = real
      self.disk = disk
    }

    func size() throws(RecordingError) -> Int { try real.size() }
    func read(at offset: Int, count: Int) throws(RecordingError) -> ByteBuffer {
      try real.read(at: offset, count: count)
    }
    func truncate(to size: Int) throws(RecordingError) { try real.truncate(to: size) }
    func sync() throws(RecordingError) { try real.sync() }

    func write(_ bytes: ByteBuffer, at offset: Int) throws(RecordingError) {
      let new = max(0, offset + bytes.readableBytes - (try real.size()))
      let fits = disk.room.withLock { room in
        guard room >= new else { return false }
        room -= new
        return true
      }
      guard fits else {
        // A real disk takes what it has room for before it says that it is full.
        if let part = bytes.getSlice(at: bytes.readerIndex, length: bytes.readableBytes / 2) {
          try real.write(part, at: offset)
        }
        throw .disk(FileFailure(.write, path, code: ENOSPC))
      }
      try real.write(bytes, at: offset)
    }
  }

  func makeFolders(_ path: String) throws(RecordingError) {
    onMakeFolders()
    try real.makeFolders(path)
  }
  func makeNewFolder(_ path: String) throws(RecordingError) -> Bool { try real.makeNewFolder(path) }
  func create(_ path: String) throws(RecordingError) -> any DiskFile { File(try real.create(path), self) }
  func open(_ path: String) throws(RecordingError) -> any DiskFile { File(try real.open(path), self) }
  func rename(_ path: String, to newPath: String) throws(RecordingError) { try real.rename(path, to: newPath) }
  func remove(_ path: String) throws(RecordingError) { try real.remove(path) }
  func removeFolder(_ path: String) throws(RecordingError) { try real.removeFolder(path) }
  func syncFolder(_ path: String) throws(RecordingError) { try real.syncFolder(path) }
  func entries(of path: String) throws(RecordingError) -> [DiskEntry] { try real.entries(of: path) }
  func lock(_ path: String) throws(RecordingError) -> FileLock? { try real.lock(path) }
  func isLocked(_ path: String) throws(RecordingError) -> Bool { try real.isLocked(path) }

  func space(at path: String) throws(RecordingError) -> DiskSpace {
    DiskSpace(freeBytes: room.withLock { $0 }, totalBytes: total)
  }
}

/// What a recorder told, in order.
final class ToldEvents: Sendable {
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

/// A recorder in a folder of its own, and the units to feed it.
final class RecordingBench {
  let folder = TemporaryFolder()
  let clock = VirtualClock()
  let log = LogCapture()
  let told = ToldEvents()
  var options: RecorderOptions
  let disk: any Disk
  private(set) var recorder: Recorder?
  private var sequence: UInt64 = 0

  init(disk: any Disk = PosixDisk(), _ change: (inout RecorderOptions) -> Void = { _ in }) {
    options = RecorderOptions(folder: folder.path("recordings"))
    options.minimumFreeBytes = 0
    options.waitsForStills = true
    self.disk = disk
    change(&options)
    recorder = Recorder(
      stream: "drone", options: options, disk: disk, metrics: RecordingMetrics(), clocks: clock.clocks,
      logger: log.logger, onEvent: { [told] event in told.add(event) })
  }

  /// Plays pictures at their pace.
  func play(_ pictures: some Collection<CodedPicture>) {
    for picture in pictures {
      sequence += 1
      let captured = clock.wallNow
      recorder?.take(
        AccessUnit(
          picture: picture, sequence: sequence, capturedAt: captured, decodeAt: captured, receivedAt: clock.now),
        skipped: 0)
      clock.advance(.milliseconds(CodedClip.interval))
    }
  }

  /// Time passes without frames.
  func wait(_ duration: Nanoseconds) {
    let end = clock.now.advanced(by: duration)
    while clock.now < end {
      clock.advance(.milliseconds(250))
      recorder?.tick()
    }
  }

  /// The process dies: nothing more is written, the lock is given back.
  func crash() { recorder = nil }

  var catalog: RecordingCatalog { RecordingCatalog(folder: options.folder) }

  func keeper(_ change: (inout RecorderOptions) -> Void = { _ in }) -> RecordingKeeper {
    var options = options
    change(&options)
    return RecordingKeeper(options: options, disk: disk, clocks: clock.clocks, logger: log.logger)
  }

  func path(_ session: RecordedSessionInfo, _ file: String) -> String { "\(options.folder)/\(session.id)/\(file)" }

  func names(_ session: RecordedSessionInfo) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: "\(options.folder)/\(session.id)").sorted()
  }

  func metadata(_ session: RecordedSessionInfo) throws -> [String: Any] {
    let data = try Data(contentsOf: URL(fileURLWithPath: path(session, "metadata.json")))
    return try JSONSerialization.jsonObject(with: data) as? [String: Any] ?? [:]
  }

  /// Frames that ffmpeg decodes without an error; `nil` where it is not installed.
  func decodedFrames(_ file: String) throws -> Int? {
    guard Tool.isInstalled("ffmpeg") else { return nil }
    let output = try Tool.run(
      "ffmpeg",
      [
        "-v", "error", "-xerror", "-err_detect", "explode", "-i", file, "-fps_mode", "passthrough", "-f", "framecrc",
        "-",
      ])
    guard output.status == 0, output.errors.isEmpty else { throw Undecodable(errors: output.errors) }
    return output.text.split(separator: "\n").count { !$0.hasPrefix("#") }
  }

  struct Undecodable: Error {
    var errors: String
  }
}
