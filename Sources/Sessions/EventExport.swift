import BusMessages
import CodedMedia
import Compression
import ExportFormats
import MediaModel
import NIOCore
import PosixFiles
import Recording
import RerunLog
import SessionEvents

/// One file, or folder, that is made of the events of a session.
protocol EventExport: AnyObject {
  func add(_ event: SessionEvent) throws
  /// Completes it.
  /// - Throws: ``SessionsError/nothing(session:what:)`` where the session had nothing for it.
  func finish() throws
}

/// GPX, KML and GeoJSON.
final class TrackExport: EventExport {
  private let path: String
  private let text: (FlightTrack) -> String
  private var track: FlightTrack
  private let session: String

  init(_ path: String, of folder: SessionFolder, text: @escaping (FlightTrack) -> String) {
    self.path = path
    self.text = text
    session = folder.name
    track = FlightTrack(name: folder.title)
  }

  func add(_ event: SessionEvent) {
    if case .location(let location) = event { track.add(location) }
  }

  func finish() throws {
    guard !track.locations.isEmpty else { throw SessionsError.nothing(session: session, what: "positions") }
    let file = try OutputFile(path)
    try file.write(text(track))
    try file.finish()
  }
}

/// A folder of tables.
final class TableExport: EventExport {
  private static let flushBytes = 1 << 20
  private let path: String
  private var files: [CSVTable: (file: OutputFile, text: ByteBuffer)] = [:]

  init(_ path: String) throws {
    self.path = path
    do throws(FileFailure) { try Folder.make(path) } catch { throw SessionsError.file("\(error)") }
    for table in CSVTable.allCases {
      files[table] = (try OutputFile("\(path)/\(table.fileName)"), ByteBuffer(string: table.header))
    }
  }

  func add(_ event: SessionEvent) throws {
    guard let (table, text) = CSVTable.rows(of: event) else { return }
    files[table]?.text.writeString(text)
    if (files[table]?.text.readableBytes ?? 0) >= Self.flushBytes { try flush(table) }
  }

  private func flush(_ table: CSVTable) throws {
    guard let entry = files[table] else { return }
    try entry.file.write(entry.text)
    files[table]?.text.clear()
  }

  func finish() throws {
    for table in CSVTable.allCases {
      try flush(table)
      try files[table]?.file.finish()
    }
  }
}

final class SubtitleExport: EventExport {
  private let file: OutputFile
  private var subtitles: SubtitleFile

  init(_ path: String, of folder: SessionFolder) throws {
    guard let range = try folder.videoRange ?? Self.range(of: folder) else {
      throw SessionsError.nothing(session: folder.name, what: "video")
    }
    file = try OutputFile(path)
    subtitles = SubtitleFile(start: range.start, end: range.end)
  }

  /// By the pictures themselves.
  private static func range(of folder: SessionFolder) throws -> (start: WallTime, end: WallTime)? {
    let units = try SessionUnits(folder)
    guard let first = try units.next()?.unit.capturedAt else { return nil }
    var last = first
    while let unit = try units.next()?.unit { last = max(last, unit.capturedAt) }
    return (first, last)
  }

  func add(_ event: SessionEvent) throws { try file.write(subtitles.add(event)) }

  func finish() throws {
    try file.write(subtitles.finish())
    try file.finish()
  }
}

/// The last cloud of points: each is of the whole map.
final class PointExport: EventExport {
  private let path: String
  private let session: String
  private var cloud = PointCloud()

  init(_ path: String, of folder: SessionFolder) {
    self.path = path
    session = folder.name
  }

  func add(_ event: SessionEvent) {
    if case .points(_, let cloud) = event, !cloud.points.isEmpty { self.cloud = cloud }
  }

  func finish() throws {
    guard !cloud.points.isEmpty else { throw SessionsError.nothing(session: session, what: "points of a map") }
    let file = try OutputFile(path)
    try file.write(cloud.ply())
    try file.finish()
  }
}

final class RerunExport: EventExport {
  private static let compress: RerunCompression = { bytes in
    var result = ByteBuffer()
    return bytes.withUnsafeReadableBytes { LZ4.compressBlock($0, to: &result) } ? result : nil
  }

  private let file: OutputFile
  private var mapping: RerunMapping?
  private let folder: SessionFolder
  private var contents = RerunFile(compress: compress)

  init(_ path: String, of folder: SessionFolder) throws {
    file = try OutputFile(path)
    self.folder = folder
  }

  func add(_ event: SessionEvent) throws {
    if mapping == nil {
      let start = folder.metadata.map { WallTime(nanosSince1970: Int64($0.start_time * 1e6) * 1_000) }
      mapping = RerunMapping(
        store: RerunStore(id: folder.name, application: "worldsystem"), name: folder.title,
        start: start ?? WallTime(nanosSince1970: 0), compress: Self.compress, joinsRows: true)
      for message in mapping?.begin() ?? [] { contents.add(message) }
    }
    for message in mapping?.messages(of: event) ?? [] { contents.add(message) }
    if contents.waitingBytes > 1 << 20 { try file.write(contents.take()) }
  }

  func finish() throws {
    for message in mapping?.flush() ?? [] { contents.add(message) }
    contents.finish()
    try file.write(contents.take())
    try file.finish()
  }
}
