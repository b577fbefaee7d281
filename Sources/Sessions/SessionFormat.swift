/// What a session can be exported to.
public enum SessionFormat: String, CaseIterable, Hashable, Sendable {
  /// The video as one file, not encoded again.
  case mp4
  /// Everything, as Foxglove and Rerun open it.
  case mcap
  /// Everything, as Rerun has it.
  case rrd
  /// The path by GPS.
  case gpx, geojson, kml
  /// A folder of tables.
  case csv
  /// Subtitles: time, place and objects.
  case srt
  /// A folder with the key frames as COLMAP's text model has them.
  case colmap
  /// The points of the map.
  case ply

  /// Whether it is a folder of files.
  public var isFolder: Bool { self == .csv || self == .colmap }

  /// Whether it is made of the events of a session, in one pass with others.
  var isOfEvents: Bool {
    switch self {
    case .mp4, .mcap, .colmap: false
    case .rrd, .gpx, .geojson, .kml, .csv, .srt, .ply: true
    }
  }

  /// The name of the file or folder for a session.
  public func name(for session: String) -> String { isFolder ? "\(session)_\(rawValue)" : "\(session).\(rawValue)" }
}
