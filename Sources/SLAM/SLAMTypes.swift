public import Geometry
public import Vision

/// One picture for SLAM.
public struct SLAMFrame: Sendable {
  /// Number of the frame in its stream.
  public var number: Int
  /// Capture time, nanoseconds on the clock of the stream.
  public var nanos: Int64
  public var image: GreyImage

  public init(number: Int, nanos: Int64, image: GreyImage) {
    self.number = number
    self.nanos = nanos
    self.image = image
  }
}

/// How much is known about where the camera is.
public enum SLAMState: String, Hashable, Sendable, CaseIterable {
  /// No map yet: the camera has not moved enough to make one.
  case initialising
  case tracking
  /// The last pictures show nothing of the map.
  case lost
  /// Found again in a map that was lost; the next frames are tracked.
  case relocalised
}

/// What became of one frame.
public struct SLAMUpdate: Hashable, Sendable {
  public var frameNumber: Int
  public var nanos: Int64
  public var state: SLAMState
  /// Which map the pose is in; maps count from 0. A map's scale, and where it begins, are its own.
  public var map: Int
  /// Where the camera was, `nil` when that is not known. The best guess of the moment: adjustment may move it later.
  public var worldFromCamera: SE3?
  public var isKeyFrame: Bool
  /// Points of the map that the frame shows.
  public var trackedPoints: Int
  /// Root mean square of the distance between those points' projections and where they were seen, pixels.
  public var reprojectionError: Double

  public init(
    frameNumber: Int, nanos: Int64, state: SLAMState, map: Int, worldFromCamera: SE3?, isKeyFrame: Bool,
    trackedPoints: Int, reprojectionError: Double
  ) {
    self.frameNumber = frameNumber
    self.nanos = nanos
    self.state = state
    self.map = map
    self.worldFromCamera = worldFromCamera
    self.isKeyFrame = isKeyFrame
    self.trackedPoints = trackedPoints
    self.reprojectionError = reprojectionError
  }
}

/// What SLAM found out about a frame once everything was seen.
public struct SLAMPose: Hashable, Sendable {
  public var frameNumber: Int
  public var nanos: Int64
  public var map: Int
  public var worldFromCamera: SE3

  public init(frameNumber: Int, nanos: Int64, map: Int, worldFromCamera: SE3) {
    self.frameNumber = frameNumber
    self.nanos = nanos
    self.map = map
    self.worldFromCamera = worldFromCamera
  }
}

/// Pictures in, updates out: what a back end for the SLAM service does. Knows nothing of sockets and clocks; the same
/// frames give the same updates.
public protocol SLAMBackend {
  /// The camera as it is known now.
  var camera: CameraModel { get }

  /// Takes the next frame.
  /// - Precondition: frames come in the order of their times, and have the size of the camera's picture.
  mutating func add(_ frame: SLAMFrame) -> SLAMUpdate

  /// Adjusts the present map as a whole, once no more frames come. Takes seconds for some hundred key frames.
  mutating func finish()

  /// The poses of the frames from a time on that have one, corrected by what was seen after them, in the order of their
  /// times.
  func trajectory(since nanos: Int64) -> [SLAMPose]

  /// The present map, as far as it is known now. Takes time that grows with the map.
  var snapshot: SLAMSnapshot { get }

  /// What the maps hold. Takes time that grows with the number of key frames that can be recognised.
  var memory: SLAMMemory { get }

  /// Points of the present map that one of its key frames sees.
  /// - Parameter frameNumber: the key frame's number as a frame of this run; of others there are none.
  func points(seenByKeyFrame frameNumber: Int) -> [SLAMSnapshot.Sighting]

  /// The frame that becomes the first key frame of the next map, should the frames that follow make one; `nil` where no
  /// map is being begun. A back end that has none says `nil`.
  var referenceFrame: Int? { get }

  /// Takes a map of an earlier run, before the first frame, to recognise places in it. It is map 0 from then on.
  /// - Throws: `SavedMapError` when the camera is too different, and by back ends that keep no maps.
  mutating func load(_ saved: SavedMap) throws(SavedMapError)

  /// What a later run may load: the map that was loaded, with what was added, or else the largest. `nil` where there is
  /// none, and by back ends that keep no maps.
  var savedMap: SavedMap? { get }
}

extension SLAMBackend {
  public var referenceFrame: Int? { nil }
  public mutating func load(_ saved: SavedMap) throws(SavedMapError) { throw .noMapsHere }
  public var savedMap: SavedMap? { nil }

  /// The poses of all frames that have one.
  public var trajectory: [SLAMPose] { trajectory(since: .min) }
}

/// A map at one moment: what files and viewers get.
public struct SLAMSnapshot: Hashable, Sendable {
  /// A frame that the map keeps.
  public struct KeyFrame: Hashable, Sendable {
    public var frameNumber: Int
    public var nanos: Int64
    public var worldFromCamera: SE3
    /// The run that it is from, when that is an earlier one: number and time mean nothing in this one then.
    public var earlierRun: Int?

    public init(frameNumber: Int, nanos: Int64, worldFromCamera: SE3, earlierRun: Int? = nil) {
      self.frameNumber = frameNumber
      self.nanos = nanos
      self.worldFromCamera = worldFromCamera
      self.earlierRun = earlierRun
    }
  }

  /// A point of the map.
  public struct Landmark: Hashable, Sendable {
    /// Stays the same as long as the point is in the map.
    public var identifier: Int
    /// World coordinates.
    public var position: SIMD3<Double>

    public init(identifier: Int, position: SIMD3<Double>) {
      self.identifier = identifier
      self.position = position
    }
  }

  /// A point as one key frame sees it.
  public struct Sighting: Hashable, Sendable {
    public var landmark: Landmark
    public var pixel: SIMD2<Double>

    public init(landmark: Landmark, pixel: SIMD2<Double>) {
      self.landmark = landmark
      self.pixel = pixel
    }
  }

  /// A point and where it was seen.
  public struct Point: Hashable, Sendable {
    public var landmark: Landmark
    public var observations: [Observation]

    public init(landmark: Landmark, observations: [Observation]) {
      self.landmark = landmark
      self.observations = observations
    }
  }

  /// Where a key frame saw a point.
  public struct Observation: Hashable, Sendable {
    /// Index in ``SLAMSnapshot/keyFrames``.
    public var keyFrame: Int
    public var pixel: SIMD2<Double>

    public init(keyFrame: Int, pixel: SIMD2<Double>) {
      self.keyFrame = keyFrame
      self.pixel = pixel
    }
  }

  /// Which map it is.
  public var map: Int
  /// The camera as it is known now.
  public var camera: CameraModel
  /// In the order in which they became part of the map.
  public var keyFrames: [KeyFrame]
  /// In the order in which they were first seen.
  public var points: [Point]

  public init(map: Int, camera: CameraModel, keyFrames: [KeyFrame], points: [Point]) {
    self.map = map
    self.camera = camera
    self.keyFrames = keyFrames
    self.points = points
  }
}

/// What can be chosen.
public struct SLAMOptions: Hashable, Sendable {
  /// Points that are followed at once, about.
  public var featureCount = 320
  /// Key frames whose poses are adjusted together.
  public var window = 8
  /// Median motion of points on the picture since the last key frame that calls for the next, as a share of the
  /// picture's longer side.
  public var keyFrameMotion = 0.045
  /// Points of the map that a frame must show.
  public var minimalPoints = 15
  /// Frames without a pose until a new map is begun.
  public var patience = 60

  /// Points of a map at most, some 300 bytes each; those that the fewest key frames see go first.
  public var maximalPoints = 60_000
  /// Key frames with features by which places are recognised, some 110 kB each with their place in the index, over all
  /// maps, of which those that were given up have half at most. The most redundant go first, then the oldest; a key frame
  /// whose features went keeps its pose, 200 bytes. Key frames that show nothing that three others do not lose theirs
  /// whatever this says.
  public var maximalKeyFrames = 1_000
  /// Frames whose poses are kept for ``SLAMBackend/trajectory``, 128 bytes each; the oldest are dropped beyond that.
  /// The default is a day at 30 frames a second.
  public var maximalPoses = 2_592_000

  /// Time from the readout of a picture's first row to that of its last, seconds; 0 for a global shutter. Cameras of
  /// phones and small drones need some 0.01 to 0.03.
  public var readoutSeconds = 0.0

  /// What is known of the camera.
  public enum Calibration: Hashable, Sendable {
    /// The camera is what it is said to be.
    case known
    /// The camera is what its maker says, or fits about: focal length and k1 are refined on the way.
    case nominal
    /// The camera is a guess: focal length and k1 are found out on the way.
    case assumed

    /// Standard deviation of the focal length, as a share of it, and of k1; `nil` where there is none.
    var deviation: SIMD2<Double>? {
      switch self {
      case .known: nil
      case .nominal: SIMD2(0.03, 0.03)
      case .assumed: SIMD2(0.3, 0.2)
      }
    }
  }

  public var calibration = Calibration.known

  public init() {}
}
