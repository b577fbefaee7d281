import ExportFormats
import Foundation
import MapFormats
import MediaModel
import PosixFiles
import SessionEvents

/// Writes a session in other formats. Calls block.
public struct SessionExport {
  private let folder: SessionFolder
  /// The lens of the camera, for COLMAP; `nil`: the one that was recorded, or else that of a usual phone.
  public var camera: CameraDescription?
  /// Is told of how much of the session is done, 0…1, from time to time.
  public var onProgress: (Double) -> Void = { _ in }

  public init(_ folder: SessionFolder) { self.folder = folder }

  /// Where a format goes.
  /// - Parameters:
  ///   - output: a folder, a file where there is one format, or `-`; `nil`: this folder.
  public static func path(
    of format: SessionFormat, session: String, output: String?, isOnly: Bool
  ) throws(SessionsError) -> String {
    guard let output else { return format.name(for: session) }
    if output == OutputFile.standardOutput {
      guard isOnly, !format.isFolder, format != .mcap else {
        throw .usage("only one format that is a stream can go to standard output")
      }
      return output
    }
    var isFolder: ObjCBool = false
    let exists = FileManager.default.fileExists(atPath: output, isDirectory: &isFolder)
    let trimmed = output.count > 1 && output.hasSuffix("/") ? String(output.dropLast()) : output
    if isOnly, !output.hasSuffix("/"), !(exists && isFolder.boolValue) { return trimmed }
    return "\(trimmed)/\(format.name(for: session))"
  }

  /// Writes formats, each at its path. Events are read once for all that are made of them.
  /// - Returns: in words, what could not be read of the session, while the rest is exported, and what is assumed.
  public func write(_ formats: [(format: SessionFormat, path: String)]) throws -> [String] {
    for (_, path) in formats where path != OutputFile.standardOutput { try makeParent(of: path) }
    var notes: [String] = []
    for (format, path) in formats {
      switch format {
      case .mp4: try writeVideo(path)
      case .mcap: try writeMCAP(path)
      case .colmap: notes += try writeCOLMAP(path)
      case .rrd, .gpx, .geojson, .kml, .csv, .srt, .ply: break
      }
    }
    let exports = try formats.filter(\.format.isOfEvents).map { try export($0.format, $0.path) }
    guard !exports.isEmpty else { return notes }
    let events = try SessionEventStream(folder)
    let range = folder.videoRange
    var count = 0
    while let event = try events.next() {
      for export in exports { try export.add(event) }
      guard case .video(let video) = event else { continue }
      count += 1
      guard count % 256 == 0, let range else { continue }
      onProgress(min(1, max(0, video.time.since(range.start).seconds / range.end.since(range.start).seconds)))
    }
    for export in exports { try export.finish() }
    onProgress(1)
    return notes + events.problems.map { "left out: \($0)" }
  }

  private static let assumption =
    "no lens was recorded for pictures of this shape, so it is assumed to be a usual phone's; --camera says more"

  private func makeParent(of path: String) throws(SessionsError) {
    guard let slash = path.lastIndex(of: "/"), slash != path.startIndex else { return }
    do throws(FileFailure) { try Folder.make(String(path[..<slash])) } catch { throw .file("\(error)") }
  }

  private func export(_ format: SessionFormat, _ path: String) throws -> any EventExport {
    switch format {
    case .gpx: TrackExport(path, of: folder) { GPXDocument.text($0, objects: $1) }
    case .geojson: TrackExport(path, of: folder) { GeoJSONDocument.text($0, objects: $1) }
    case .kml: TrackExport(path, of: folder) { KMLDocument.text($0, objects: $1) }
    case .csv: try TableExport(path)
    case .srt: try SubtitleExport(path, of: folder)
    case .ply: PointExport(path, of: folder)
    case .rrd: try RerunExport(path, of: folder)
    case .mp4, .mcap, .colmap: preconditionFailure("these are not made of events")
    }
  }

  // MARK: Parts that other files write

  func writeVideo(_ path: String) throws { try SessionVideoFile(folder, onProgress: onProgress).write(path) }

  func writeMCAP(_ path: String) throws { try SessionMCAPFile(folder).write(path) }

  /// - Returns: in words, what is assumed and what is left out.
  func writeCOLMAP(_ path: String) throws -> [String] {
    let shortcomings = try SessionKeyFrames(folder, camera: camera).write(path)
    let count = shortcomings.leftOut
    return (shortcomings.isLensAssumed ? ["\(path)/cameras.txt: \(Self.assumption)"] : [])
      + (count > 0 ? ["\(path): left out: \(count) key frames of other maps, which have nothing in common"] : [])
  }
}
