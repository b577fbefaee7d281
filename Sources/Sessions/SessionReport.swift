import ExportFormats
import Foundation
import MediaModel
import Recording
import SessionModel

/// What is in a session, for people and programs. Its fields are those of `sessions show --json`.
public struct SessionReport: Encodable, Sendable {
  /// Of one kind of event.
  public struct Stream: Encodable, Sendable {
    public var kind: String
    public var count: Int
    /// Capture time, seconds since 1970.
    public var start_time: Double
    public var end_time: Double
    public var per_second: Double?
    public var longest_pause_s: Double
  }

  /// A time without video.
  public struct Gap: Encodable, Sendable {
    public var start_time: Double
    public var duration_s: Double
  }

  public struct File: Encodable, Sendable {
    public var name: String
    public var bytes: Int
  }

  public var session_id: String
  public var stream: String
  public var start_time: Double?
  /// `nil`: it is recorded right now, or was cut off.
  public var end_time: Double?
  public var duration_s: Double?
  /// As the metadata say.
  public var total_frames: Int?
  public var missed_frames: Int?
  public var key_frames: Int
  public var slam_key_frames: Int
  public var objects: Int
  /// Objects with a place in the world.
  public var world_objects: Int
  public var points: Int
  /// By GPS, metres.
  public var distance_m: Double?
  /// Of the camera's path, in the unit of the map.
  public var path_length: Double?
  /// How many maps the poses are in, and how many of the poses are in metres with z up.
  public var maps: Int
  public var metric_poses: Int
  public var streams: [Stream]
  public var gaps: [Gap]
  public var files: [File]
  /// What could not be read.
  public var problems: [String]

  /// Reads all of a session.
  public init(_ folder: SessionFolder) throws {
    var summary = SessionSummary(name: folder.name)
    var problems = folder.metadataProblem.map { [$0] } ?? []
    do {
      let events = try SessionEventStream(folder)
      while let event = try events.next() { summary.add(event) }
      problems += events.problems
    } catch let error as SessionsError {
      problems.append("\(error)")
    }
    session_id = folder.name
    stream = folder.stream
    start_time = folder.metadata?.start_time ?? summary.range?.first.secondsSince1970
    end_time = folder.metadata?.end_time
    duration_s = folder.videoRange.map { $0.end.since($0.start).seconds } ?? summary.range.map { $1.since($0).seconds }
    total_frames = folder.metadata?.total_frames
    missed_frames = folder.metadata?.missed_frames
    key_frames = summary.keyFrames
    slam_key_frames = folder.keyFrames.count
    objects = summary.objects.count
    world_objects = summary.places.count
    points = summary.points
    distance_m = summary.track.locations.isEmpty ? nil : summary.track.lengthMetres
    path_length = summary.spans[.poses] == nil ? nil : summary.pathLength
    maps = summary.maps.count
    metric_poses = summary.metricPoses
    streams = SessionSummary.Kind.allCases.compactMap { kind in
      summary.spans[kind].map { span in
        Stream(
          kind: kind.rawValue, count: span.count, start_time: span.first.secondsSince1970,
          end_time: span.last.secondsSince1970, per_second: span.perSecond,
          longest_pause_s: span.longestPause.seconds)
      }
    }
    gaps = summary.gaps.map { Gap(start_time: $0.from.secondsSince1970, duration_s: $0.length.seconds) }
    files = folder.files
    self.problems = problems
  }

  /// Lines for people.
  public var text: String {
    func time(_ seconds: Double?) -> String {
      seconds.map { TimeText.utc(WallTime(nanosSince1970: Int64($0 * 1e9))) } ?? "-"
    }
    func number(_ value: Double?, _ unit: String) -> String {
      value.map { String(format: "%.1f", $0) + " \(unit)" } ?? "-"
    }
    var lines = [
      "session    \(session_id)", "stream     \(stream.isEmpty ? "-" : stream)",
      "begins     \(time(start_time))", "ends       \(end_time == nil ? "not ended" : time(end_time))",
      "duration   \(number(duration_s, "s"))",
      "frames     \(total_frames.map(String.init) ?? "-"), \(key_frames) key frames, \(missed_frames ?? 0) missed",
      "flown      \(number(distance_m, "m")) by GPS, path of \(number(path_length, "units of the map"))",
      "poses      in \(maps == 1 ? "1 map" : "\(maps) maps"), \(metric_poses) in metres",
      "found      \(objects) objects, \(world_objects) in the world, \(points) points, \(slam_key_frames) key frames",
      "",
      Self.padded("kind", 16) + Self.padded("count", 9) + Self.padded("a second", 10) + Self.padded("longest pause", 15)
        + "from",
    ]
    for stream in streams {
      lines.append(
        Self.padded(stream.kind, 16) + Self.padded("\(stream.count)", 9)
          + Self.padded(stream.per_second.map { String(format: "%.1f", $0) } ?? "-", 10)
          + Self.padded(String(format: "%.3f s", stream.longest_pause_s), 15) + time(stream.start_time))
    }
    for gap in gaps { lines.append("gap of \(String(format: "%.3f", gap.duration_s)) s at \(time(gap.start_time))") }
    for problem in problems { lines.append("problem: \(problem)") }
    return lines.joined(separator: "\n")
  }

  static func padded(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(1, width - text.count))
  }
}

extension SessionFolder {
  /// The files of the folder, without those of folders in it.
  var files: [SessionReport.File] {
    names.compactMap { name in
      guard let values = try? FileManager.default.attributesOfItem(atPath: "\(path)/\(name)"),
        values[.type] as? FileAttributeType == .typeRegular, let bytes = values[.size] as? Int
      else { return nil }
      return SessionReport.File(name: name, bytes: bytes)
    }
  }
}
