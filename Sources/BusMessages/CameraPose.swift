/// Where the camera was at one frame, or that it is not known.
public struct CameraPose: JSONBody, Hashable {
  public static let topic = Topic.slamResults

  /// How much is known about where the camera is; a closed set.
  public enum State: String, Codable, Hashable, Sendable, CaseIterable {
    /// There is no map yet.
    case initialising
    case tracking
    /// The picture shows nothing of the map.
    case lost
    /// Found again in a map that was lost.
    case relocalised
  }

  /// How far lengths can be trusted; a closed set.
  public enum ScaleQuality: String, Codable, Hashable, Sendable, CaseIterable {
    /// Lengths are in a unit of the map's own.
    case unknown
    /// There is an estimate, and it may be wrong; lengths are in the map's unit still.
    case uncertain
    /// Lengths are metres, and z is up.
    case trustworthy
  }

  /// Where on earth, WGS 84.
  public struct Position: Codable, Hashable, Sendable {
    /// Degrees.
    public var latitude: Double
    /// Degrees.
    public var longitude: Double
    /// Metres above the ellipsoid.
    public var altitude: Double

    public init(latitude: Double, longitude: Double, altitude: Double) {
      self.latitude = latitude
      self.longitude = longitude
      self.altitude = altitude
    }
  }

  /// The lens, for pictures as they come.
  public struct Lens: Codable, Hashable, Sendable {
    /// `pinhole-radtan` with k1, k2, p1, p2, or `fisheye` with k1…k4.
    public var model: String
    /// Focal lengths and principal point, pixels.
    public var fx, fy, cx, cy: Double
    public var distortion: [Double]
    /// Pixels.
    public var width, height: Int

    public init(
      model: String, focalLength: SIMD2<Double>, principalPoint: SIMD2<Double>, distortion: [Double], width: Int,
      height: Int
    ) {
      self.model = model
      (fx, fy, cx, cy) = (focalLength.x, focalLength.y, principalPoint.x, principalPoint.y)
      self.distortion = distortion
      (self.width, self.height) = (width, height)
    }
  }

  /// A change of axes and unit.
  public struct Similarity: Codable, Hashable, Sendable {
    public var scale: Double
    /// x, y, z, w.
    public var rotation: [Double]
    public var translation: [Double]

    public init(scale: Double, rotation: [Double], translation: [Double]) {
      self.scale = scale
      self.rotation = rotation
      self.translation = translation
    }
  }

  /// How the axes of the pose lie on Earth.
  public struct Earth: Codable, Hashable, Sendable {
    /// The origin of east, north and up.
    public var origin: Position
    /// From the axes of the pose.
    public var enuFromWorld: Similarity
    /// How far off it may be horizontally, one standard deviation of one axis, metres.
    public var deviation: Double
    /// One standard deviation, radians.
    public var headingDeviation: Double

    public init(origin: Position, enuFromWorld: Similarity, deviation: Double, headingDeviation: Double) {
      self.origin = origin
      self.enuFromWorld = enuFromWorld
      self.deviation = deviation
      self.headingDeviation = headingDeviation
    }

    enum CodingKeys: String, CodingKey {
      case origin, deviation
      case enuFromWorld = "enu_from_world"
      case headingDeviation = "heading_deviation"
    }
  }

  public var frameNumber: Int
  /// Capture time, seconds since 1970.
  public var timestamp: Double
  /// `worldFromCamera`, 4 rows of 4; camera x right, y down, z forward. `nil`, JSON's `null`, where it is not known.
  public var pose: [[Double]]?
  public var isKeyframe: Bool
  /// The stream that the frame is of.
  public var stream: String?
  public var state: State?
  /// Which map the pose is in. Poses of two maps have nothing in common.
  public var map: Int?
  public var scale: ScaleQuality?
  /// Where on earth the camera was, when the map is tied to it.
  public var position: Position?
  /// From the map's own axes and unit to those of the pose, where they are not the same: it changes as more is known.
  public var worldFromMap: Similarity?
  /// With key frames only.
  public var camera: Lens?
  /// With key frames only, when the map is tied to the Earth.
  public var earth: Earth?

  public init(frameNumber: Int, timestamp: Double, pose: [[Double]]?, isKeyframe: Bool, stream: String? = nil) {
    self.frameNumber = frameNumber
    self.timestamp = timestamp
    self.pose = pose
    self.isKeyframe = isKeyframe
    self.stream = stream
  }

  enum CodingKeys: String, CodingKey {
    case frameNumber = "frame_number"
    case timestamp, pose, stream, state, map, scale, position, camera, earth
    case worldFromMap = "world_from_map"
    case isKeyframe = "is_keyframe"
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(frameNumber, forKey: .frameNumber)
    try container.encode(timestamp, forKey: .timestamp)
    // Not left out: whoever asks for it by name gets an answer.
    try container.encode(pose, forKey: .pose)
    try container.encode(isKeyframe, forKey: .isKeyframe)
    try container.encodeIfPresent(stream, forKey: .stream)
    try container.encodeIfPresent(state, forKey: .state)
    try container.encodeIfPresent(map, forKey: .map)
    try container.encodeIfPresent(scale, forKey: .scale)
    try container.encodeIfPresent(position, forKey: .position)
    try container.encodeIfPresent(worldFromMap, forKey: .worldFromMap)
    try container.encodeIfPresent(camera, forKey: .camera)
    try container.encodeIfPresent(earth, forKey: .earth)
  }
}
