public import Geometry

/// White noise of the sensors, as densities.
public struct InertialNoise: Hashable, Sendable {
  /// rad/s/√Hz
  public var gyroscopeDensity: Double
  /// m/s²/√Hz
  public var accelerometerDensity: Double

  /// The default is some times what data sheets of phones and drones say, for vibration and drift of the biases.
  public init(gyroscopeDensity: Double = 0.0005, accelerometerDensity: Double = 0.01) {
    self.gyroscopeDensity = gyroscopeDensity
    self.accelerometerDensity = accelerometerDensity
  }
}

/// What is known beforehand, and how much work an estimate may be.
public struct InertialOptions: Hashable, Sendable {
  /// The pose of the camera in the axes of the IMU, metres; `nil` where nobody measured it: then its rotation is
  /// estimated, and its translation taken as zero.
  public var imuFromCamera: SE3?
  /// imuTime = cameraTime + offset, seconds: where the search begins.
  public var expectedTimeOffset = 0.0
  /// How far from there the offset is looked for, seconds; 0 where it is known: then it stands.
  public var timeOffsetRange = 0.5
  public var noise = InertialNoise()
  /// m/s²
  public var gravityMagnitude = 9.80665
  /// How large biases of accelerometers are, one standard deviation, m/s².
  public var accelerometerBiasDeviation = 0.2
  /// How well `imuFromCamera` is known, one standard deviation, radians.
  public var extrinsicRotationDeviation = 0.005
  /// The least time between poses that take part, seconds.
  public var keyInterval = 0.2
  /// How many poses take part at most; more are thinned, down to two a second.
  public var maximalKeyPoses = 160

  public init(imuFromCamera: SE3? = nil) { self.imuFromCamera = imuFromCamera }
}

/// How far an estimate can be relied on.
public enum AlignmentQuality: String, Hashable, Sendable, CaseIterable, Comparable {
  /// The data say nothing about it, or contradict each other: do not use the values.
  case unknown
  /// Likely right within some ten percent or degrees.
  case uncertain
  case trustworthy

  public static func < (a: AlignmentQuality, b: AlignmentQuality) -> Bool { a.rank < b.rank }

  private var rank: Int { Self.allCases.firstIndex(of: self) ?? 0 }
}
