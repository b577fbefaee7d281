import BusMessages
import Foundation
import Geometry
import MapFormats
import MediaModel
import NIOCore
import SLAM
import SLAMService

/// Files that SLAM reads; what is wrong with them names the file.
enum SLAMInput {
  static func camera(_ path: String) throws -> CameraDescription {
    try explained(path) { try CameraDescription(json: Data(content(path).utf8)) }
  }

  static func times(_ path: String) throws -> [Int64] {
    try explained(path) { try FrameTimes.parse(content(path)) }
  }

  static func motion(_ path: String) throws -> [MotionSample] {
    try explained(path) {
      try IMULog.parse(content(path)).map { .inertial($0) }
    }
  }

  static func fixes(_ path: String) throws -> [MotionSample] {
    try explained(path) {
      try GPSLog.parse(content(path)).map { .position($0) }
    }
  }

  /// `nil` where there is no file yet.
  static func map(_ file: SavedMapFile) throws -> SavedMap? {
    do {
      try file.checkFolder()
      return try file.read()
    } catch {
      throw CommandFailure(.usage, "\(file.path): \(error)")
    }
  }

  private static func explained<Value>(_ path: String, _ read: () throws -> Value) throws -> Value {
    do { return try read() } catch let error as MapFormatError { throw CommandFailure(.usage, "\(path): \(error)") }
  }

  private static func content(_ path: String) throws -> String {
    do { return try String(contentsOfFile: path, encoding: .utf8) } catch {
      throw CommandFailure(.usage, "\(path): cannot be read: \(error.localizedDescription)")
    }
  }
}

/// Files that SLAM writes at its end.
struct SLAMFiles {
  var trajectory: String?
  /// PLY.
  var cloud: String?
  var colmap: String?

  /// Writes what was asked for, also when there is nothing in it.
  func write(_ results: [SLAMResult]) throws {
    if let trajectory { try write(results.flatMap(\.maps), to: trajectory) }
    let last = results.last
    if let cloud {
      let points = last?.cloud ?? PointCloud()
      try Self.put(Data(points.ply().readableBytesView), cloud)
    }
    if let colmap {
      let model =
        last?.colmapModel
        ?? COLMAPModel(cameras: [.assumed(width: 640, height: 480)], images: [], points: [])
      do { try FileManager.default.createDirectory(atPath: colmap, withIntermediateDirectories: true) } catch {
        throw CommandFailure(.usage, "\(colmap): cannot make this folder: \(error.localizedDescription)")
      }
      for (name, text) in [
        ("cameras.txt", model.camerasText), ("images.txt", model.imagesText), ("points3D.txt", model.pointsText),
      ] {
        try Self.put(Data(text.utf8), colmap + "/" + name)
      }
    }
  }

  /// Writes where on Earth the camera was.
  /// - Throws: `CommandFailure` that says what is missing, when that is known of no frame.
  static func writePositions(_ results: [SLAMResult], to path: String) throws {
    let maps = results.flatMap(\.maps)
    let positions = maps.flatMap(\.positions).sorted { $0.nanos < $1.nanos }
    guard positions.isEmpty else {
      let lines = positions.map { (nanos: $0.nanos, position: $0.place) }
      try put(Data(PositionFile.text(of: lines).utf8), path)
      return
    }
    let largest = maps.max { $0.poses.count < $1.poses.count }
    let reason =
      switch largest?.earth {
      case nil: "no frame has a pose"
      case .noFixes: "there are no satellite fixes; --gps gives those of a file"
      case .fewFixes: "fewer than five satellite fixes lie within the camera's path"
      case .uncertain, .known: "the camera's path is too short, or too straight, for how accurate satellite fixes are"
      }
    throw CommandFailure(.failure, "\(path): not written, the place on Earth is unknown: \(reason)")
  }

  private func write(_ maps: [SLAMResult.Map], to path: String) throws {
    let format = TrajectoryFormat(fileName: path)
    let sorted = maps.sorted { ($0.poses.count, -$0.number) > ($1.poses.count, -$1.number) }
    try Self.put(Data(format.text(of: sorted.first?.poses ?? []).utf8), path)
    for (index, map) in sorted.dropFirst().enumerated() {
      try Self.put(Data(format.text(of: map.poses).utf8), Self.path(path, number: index + 2))
    }
  }

  /// `path.txt` with number 2 is `path-map-2.txt`.
  private static func path(_ path: String, number: Int) -> String {
    let name = path.split(separator: "/", omittingEmptySubsequences: false).last ?? ""
    guard let dot = name.lastIndex(of: "."), dot != name.startIndex else { return "\(path)-map-\(number)" }
    let suffix = name[dot...]
    return path.dropLast(suffix.count) + "-map-\(number)" + suffix
  }

  private static func put(_ data: Data, _ path: String) throws {
    do { try data.write(to: URL(fileURLWithPath: path), options: .atomic) } catch {
      throw CommandFailure(.failure, "\(path): cannot be written: \(error.localizedDescription)")
    }
  }
}
