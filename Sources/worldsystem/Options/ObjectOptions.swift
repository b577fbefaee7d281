import ArgumentParser
import BusMessages
import DetectionService
import Foundation
import Geometry
import InertialAlignment
import MapFormats
import MediaModel
import NIOCore
import ObjectMapService
import ObjectMapping
import PosixFiles
import SLAMService

/// What `detect` needs to say where the objects of a file are in the world.
struct ObjectOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The camera's path of a file, as slam --trajectory writes it; objects then get places in the world.",
      valueName: "file"), completion: .file())
  var poses: String?

  @Option(
    help: ArgumentHelp("camera.json of the camera. (default: that of a usual phone)", valueName: "file"),
    completion: .file())
  var camera: String?

  @Option(
    help: ArgumentHelp("Points of the map, as slam --map writes them: for depth and ground.", valueName: "file"),
    completion: .file())
  var map: String?

  @Option(
    help: ArgumentHelp("Satellite fixes, gps.csv: objects then get latitude and longitude.", valueName: "file"),
    completion: .file())
  var gps: String?

  @Option(help: ArgumentHelp("z of the ground where no points tell it, metres.", valueName: "metres"))
  var ground: Double?

  @Flag(help: "The path is not in metres with z up.")
  var unscaled = false

  @Option(
    help: ArgumentHelp(
      "Write the list of objects there: JSON, or GeoJSON for a name with .geojson.", valueName: "file"),
    completion: .file())
  var objects: String?

  func validate() throws {
    guard poses == nil else { return }
    let others = [("--camera", camera), ("--map", map), ("--gps", gps), ("--objects", objects)]
    if let (name, _) = others.first(where: { $0.1 != nil }) { throw ValidationError("\(name) needs --poses.") }
    if ground != nil { throw ValidationError("--ground needs --poses.") }
  }

  /// `nil` without a path.
  func recordedObjects(isLive: Bool) throws -> RecordedObjects? {
    guard let poses else { return nil }
    guard !isLive else { throw CommandFailure(.usage, "--poses is for files; live, `up` finds out where objects are") }
    let path: [TimedPose]
    do { path = try TrajectoryFormat(fileName: poses).poses(in: Self.content(poses)) } catch let error as MapFormatError
    {
      throw CommandFailure(.usage, "\(poses): \(error)")
    }
    let lens = try camera.map { try SLAMInput.camera($0).camera } ?? .assumed(width: 1280, height: 720)
    let earth = try gps.flatMap { try Self.earth($0, path, isMetric: !unscaled) }
    return RecordedObjects(
      poses: path.sorted { $0.nanos < $1.nanos }, camera: lens, points: try map.map(Self.points) ?? [],
      isMetric: !unscaled, earth: earth, groundHeight: ground)
  }

  private static func earth(_ file: String, _ path: [TimedPose], isMetric: Bool) throws -> MapPlacement.Earth? {
    let fixes = try SLAMInput.fixes(file).compactMap { sample -> GPSSample? in
      if case .position(let fix) = sample { fix } else { nil }
    }
    let reference = GeoReference.estimate(poses: path, fixes: fixes, metricFromWorld: isMetric ? .identity : nil)
    guard let reference, reference.quality == .trustworthy else {
      throw CommandFailure(.failure, "\(file): the fixes do not tell where on Earth the path is")
    }
    return MapPlacement.Earth(
      plane: reference.plane, enuFromMap: reference.enuFromWorld, deviation: reference.residual,
      headingDeviation: reference.headingDeviation)
  }

  private static func points(_ file: String) throws -> [SIMD3<Double>] {
    guard let data = FileManager.default.contents(atPath: file) else {
      throw CommandFailure(.usage, "\(file): cannot be read")
    }
    guard let cloud = PointCloud(ply: ByteBuffer(bytes: data)) else {
      throw CommandFailure(.usage, "\(file): no PLY as slam --map writes it")
    }
    return cloud.points.map { SIMD3<Double>($0.position) }
  }

  private static func content(_ path: String) throws -> String {
    do { return try String(contentsOfFile: path, encoding: .utf8) } catch {
      throw CommandFailure(.usage, "\(path): cannot be read: \(error.localizedDescription)")
    }
  }

  /// For the service that finds them.
  static func places(_ objects: RecordedObjects) -> @Sendable ([TrackedObject], Resolution, Int64) -> [Int: ObjectPlace]
  {
    { found, resolution, nanos in
      objects.take(found, in: resolution, at: nanos).mapValues { object in
        ObjectPlace(
          object: object.id, position: object.position, covariance: object.covariance, method: object.method,
          isMetric: object.metric, wgs84: object.wgs84.map { [$0.latitude, $0.longitude, $0.altitude] })
      }
    }
  }

  /// Writes the list where it is wanted.
  func write(_ found: RecordedObjects, stream: String) throws {
    guard let objects else { return }
    let format: ObjectList.Format = objects.hasSuffix(".geojson") ? .geojson : .json
    do throws(FileFailure) {
      try ObjectList.write(ObjectList.bytes(of: [found.list(stream: stream)], format), to: objects)
    } catch { throw CommandFailure(.failure, "\(error)") }
  }
}
