public import Geometry

/// A map that outlives the process: key frames with what they show, points, the camera, and how the map lies in the
/// world. A back end that loads it recognises places in it, tracks in its coordinates and extends it.
public struct SavedMap: Sendable {
  /// How a map lies in the world; only what can be trusted is kept.
  public struct Placement: Hashable, Sendable {
    /// Metres, z up, from the axes of the map; `nil` where that is not known.
    public var metricFromWorld: Sim3?
    /// `nil` where that is not known.
    public var place: Place?

    public init(metricFromWorld: Sim3? = nil, place: Place? = nil) {
      self.metricFromWorld = metricFromWorld
      self.place = place
    }
  }

  /// Where on Earth a map lies.
  public struct Place: Hashable, Sendable {
    /// Where the plane of east and north touches the ellipsoid.
    public var origin: GeodeticPosition
    /// East, north and up, metres, from the axes of the map.
    public var enuFromWorld: Sim3
    /// What the fixes were off by, one horizontal axis, metres.
    public var residual: Double
    /// One standard deviation of the heading, radians.
    public var headingDeviation: Double

    public init(origin: GeodeticPosition, enuFromWorld: Sim3, residual: Double, headingDeviation: Double) {
      self.origin = origin
      self.enuFromWorld = enuFromWorld
      self.residual = residual
      self.headingDeviation = headingDeviation
    }
  }

  /// The number that the back end has for the map; not kept.
  public var number = 0
  public internal(set) var camera: CameraModel
  public var placement = Placement()
  /// Red, green and blue of points, by identifier, as far as known.
  public var colours: [Int: SIMD3<UInt8>] = [:]
  /// Runs that have added to the map. The next is numbered so.
  public internal(set) var runs: Int
  public var map: SLAMMap

  public init(camera: CameraModel, runs: Int, map: SLAMMap) {
    self.camera = camera
    self.runs = runs
    self.map = map
  }

  public var keyFrameCount: Int { map.keyFrames.count }
  public var pointCount: Int { map.points.count }

  /// Key frames of the last run that added to it.
  public var newestCount: Int { map.keyFrames.count { $0.run == runs - 1 } }
}

extension SavedMap {
  /// How many times larger or smaller the camera may show things than that of the map. Descriptors bear that much.
  private static let maximalMagnification = 1.6

  /// The map as another camera would have seen it: what was seen stays on its rays.
  func seen(by other: CameraModel) throws(SavedMapError) -> SLAMMap {
    guard other != camera else { return map }
    let ratio = other.focalLength.x / camera.focalLength.x
    guard ratio < Self.maximalMagnification, ratio > 1 / Self.maximalMagnification else {
      throw .anotherCamera(focalLength: other.focalLength.x, ofMap: camera.focalLength.x)
    }
    func moved(_ pixel: SIMD2<Double>) -> SIMD2<Double>? { camera.unproject(pixel).flatMap(other.project) }
    var result = map
    for index in result.keyFrames.indices {
      result.keyFrames[index].features = result.keyFrames[index].features.moved(
        width: other.width, height: other.height, moved)
    }
    for identifier in map.points.keys {
      result.points[identifier]?.observations = (map.points[identifier]?.observations ?? []).compactMap { seen in
        moved(seen.pixel).map { (seen.keyFrame, $0) }
      }
      if let count = result.points[identifier]?.observations.count, count < 2 { result.points[identifier] = nil }
    }
    return result
  }
}
