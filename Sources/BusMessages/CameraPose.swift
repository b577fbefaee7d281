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

  public init(frameNumber: Int, timestamp: Double, pose: [[Double]]?, isKeyframe: Bool, stream: String? = nil) {
    self.frameNumber = frameNumber
    self.timestamp = timestamp
    self.pose = pose
    self.isKeyframe = isKeyframe
    self.stream = stream
  }

  enum CodingKeys: String, CodingKey {
    case frameNumber = "frame_number"
    case timestamp, pose, stream, state, map, scale, position
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
  }
}
