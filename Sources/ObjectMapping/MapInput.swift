public import Geometry
public import MediaModel

/// A frame in which objects were seen.
public struct MapFrame: Hashable, Sendable {
  /// Capture time, nanoseconds.
  public var nanos: Int64
  /// The map that the pose is in. Nothing in one map tells of another.
  public var map: Int
  /// Where the camera was, in the map's own axes and unit; `nil` where that is not known.
  public var worldFromCamera: SE3?
  public var camera: CameraModel

  public init(nanos: Int64, map: Int, worldFromCamera: SE3?, camera: CameraModel) {
    self.nanos = nanos
    self.map = map
    self.worldFromCamera = worldFromCamera
    self.camera = camera
  }
}

/// An object in a frame, as a tracker has it.
public struct ObjectSighting: Hashable, Sendable {
  /// The identifier of the tracker, which it never uses again.
  public var track: Int
  public var label: String
  /// 0…1.
  public var score: Double
  /// Left, top, right, bottom, pixels; the right and the bottom edge are outside.
  public var box: SIMD4<Double>
  /// Its pixels, where they are known.
  public var mask: RunLengthMask?
  /// Whether it was found in this frame's pixels; what is only predicted says nothing of a place.
  public var isMeasured: Bool

  public init(
    track: Int, label: String, score: Double, box: SIMD4<Double>, mask: RunLengthMask? = nil, isMeasured: Bool = true
  ) {
    self.track = track
    self.label = label
    self.score = score
    self.box = box
    self.mask = mask
    self.isMeasured = isMeasured
  }
}

/// How a map lies in the world.
public struct MapPlacement: Hashable, Sendable {
  /// Metres with z up, from the map's own axes and unit; `nil` where neither is known.
  public var metricFromMap: Sim3?
  public var earth: Earth?

  /// Where it is on Earth.
  public struct Earth: Hashable, Sendable {
    /// East, north and up at its origin.
    public var plane: LocalTangentPlane
    /// Takes points of the map there, metres.
    public var enuFromMap: Sim3
    /// How far off all of it may be horizontally, one standard deviation of one axis, metres; vertically twice that.
    public var deviation: Double
    /// How far off its heading may be, one standard deviation, radians.
    public var headingDeviation: Double

    public init(plane: LocalTangentPlane, enuFromMap: Sim3, deviation: Double, headingDeviation: Double) {
      self.plane = plane
      self.enuFromMap = enuFromMap
      self.deviation = deviation
      self.headingDeviation = headingDeviation
    }
  }

  public init(metricFromMap: Sim3? = nil, earth: Earth? = nil) {
    self.metricFromMap = metricFromMap
    self.earth = earth
  }
}

/// What a correction of a map, such as the closing of a loop, does to the camera's path at one time.
public struct PoseCorrection: Hashable, Sendable {
  /// Capture time of the frame, nanoseconds.
  public var nanos: Int64
  /// From where things stood before to where they stand now.
  public var newFromOld: SE3

  public init(nanos: Int64, newFromOld: SE3) {
    self.nanos = nanos
    self.newFromOld = newFromOld
  }
}
