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
  var map: String?
  var colmap: String?

  /// Writes what was asked for, also when there is nothing in it.
  func write(_ results: [SLAMResult]) throws {
    if let trajectory { try write(results.flatMap(\.maps), to: trajectory) }
    let last = results.last
    if let map {
      let cloud = last?.cloud ?? PointCloud()
      try Self.put(Data(cloud.ply().readableBytesView), map)
    }
    if let colmap {
      let model =
        last?.colmapModel
        ?? COLMAPModel(camera: .assumed(width: 640, height: 480), images: [], points: [])
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
