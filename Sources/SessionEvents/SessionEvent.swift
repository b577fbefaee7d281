public import BusMessages
public import Geometry
public import MediaModel
public import NIOCore

/// What happens in a session, as values: what a stream, sensors and services bring, told apart and put on one clock.
///
/// All times are capture times on the server's clock.
public enum SessionEvent: Sendable {
  case video(Video)
  /// Video is missing in front of the next access unit, which is a key frame.
  case videoWasCut
  case camera(Camera)
  case objects(Objects)
  case pose(Pose)
  case points(WallTime, PointCloud)
  case motion(Motion)
  case location(Location)
  case identification(Identification)
  case log(Log)
  /// All objects of the map that the camera is in; those that are not among them are gone.
  case places([Place], WallTime)

  /// An access unit that can be decoded after those before it, or is a key frame with its parameter sets.
  public struct Video: Sendable {
    public var time: WallTime
    /// Its number in the stream.
    public var frame: Int
    public var isKeyFrame: Bool
    /// Annex B, in pieces.
    public var data: [ByteBuffer]
    public var resolution: Resolution

    public init(time: WallTime, frame: Int, isKeyFrame: Bool, data: [ByteBuffer], resolution: Resolution) {
      self.time = time
      self.frame = frame
      self.isKeyFrame = isKeyFrame
      self.data = data
      self.resolution = resolution
    }
  }

  /// The objects of one frame; none: there is none any more.
  public struct Objects: Hashable, Sendable {
    public var time: WallTime
    public var frame: Int
    public var objects: [TrackedObject]

    public init(time: WallTime, frame: Int, objects: [TrackedObject]) {
      self.time = time
      self.frame = frame
      self.objects = objects
    }
  }

  /// Where the camera was at one frame.
  public struct Pose: Hashable, Sendable {
    public var time: WallTime
    public var frame: Int
    /// Metres where the scale is trustworthy.
    public var worldFromCamera: SE3
    /// Poses of two maps have nothing in common.
    public var map: Int
    /// Whether lengths are metres and z is up.
    public var isMetric: Bool
    public var isKeyFrame: Bool

    /// Whether its axes and its unit are those of another pose: a line through both means something.
    public func isComparable(to other: Pose) -> Bool { map == other.map && isMetric == other.isMetric }

    public init(time: WallTime, frame: Int, worldFromCamera: SE3, map: Int, isMetric: Bool, isKeyFrame: Bool) {
      self.time = time
      self.frame = frame
      self.worldFromCamera = worldFromCamera
      self.map = map
      self.isMetric = isMetric
      self.isKeyFrame = isKeyFrame
    }
  }

  /// A reading of motion sensors, in their own axes.
  public struct Motion: Hashable, Sendable {
    public var time: WallTime
    /// Specific force, m/s².
    public var accelerometer: SIMD3<Double>
    /// Angular rate, rad/s.
    public var gyroscope: SIMD3<Double>
    /// µT.
    public var magnetometer: SIMD3<Double>?
    /// x, y, z, w of a unit quaternion.
    public var orientation: SIMD4<Double>?

    public init(
      time: WallTime, accelerometer: SIMD3<Double>, gyroscope: SIMD3<Double>, magnetometer: SIMD3<Double>? = nil,
      orientation: SIMD4<Double>? = nil
    ) {
      self.time = time
      self.accelerometer = accelerometer
      self.gyroscope = gyroscope
      self.magnetometer = magnetometer
      self.orientation = orientation
    }
  }

  /// A fix of a satellite receiver, WGS 84.
  public struct Location: Hashable, Sendable {
    public var time: WallTime
    public var latitudeDegrees: Double
    public var longitudeDegrees: Double
    public var altitudeMetres: Double?
    /// Radius of 68 % horizontal confidence.
    public var accuracyMetres: Double?
    /// Clockwise from north.
    public var headingDegrees: Double?
    /// Over ground.
    public var speedMPerSec: Double?

    public init(
      time: WallTime, latitudeDegrees: Double, longitudeDegrees: Double, altitudeMetres: Double? = nil,
      accuracyMetres: Double? = nil, headingDegrees: Double? = nil, speedMPerSec: Double? = nil
    ) {
      self.time = time
      self.latitudeDegrees = latitudeDegrees
      self.longitudeDegrees = longitudeDegrees
      self.altitudeMetres = altitudeMetres
      self.accuracyMetres = accuracyMetres
      self.headingDegrees = headingDegrees
      self.speedMPerSec = speedMPerSec
    }
  }

  /// What an object was identified as.
  public struct Identification: Hashable, Sendable {
    public var time: WallTime
    public var object: Int
    /// In words.
    public var findings: String

    public init(time: WallTime, object: Int, findings: String) {
      self.time = time
      self.object = object
      self.findings = findings
    }
  }

  /// What came, went or went wrong, in words.
  public struct Log: Hashable, Sendable {
    /// How much it matters; a closed set.
    public enum Level: Hashable, Sendable {
      case info
      case warning
      case error
    }

    public var time: WallTime
    public var level: Level
    public var text: String
    /// Who says it.
    public var source: String

    public init(time: WallTime, level: Level = .info, text: String, source: String) {
      self.time = time
      self.level = level
      self.text = text
      self.source = source
    }
  }
}
