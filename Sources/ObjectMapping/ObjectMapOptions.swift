/// What can be chosen, and how much is kept.
public struct ObjectMapOptions: Hashable, Sendable {
  /// Objects that are kept at most, some 10 kB each. The least seen that are not in sight go first, then those that were
  /// not seen for the longest time.
  public var maximalObjects = 1_024
  /// Tracks that have no place yet and are kept at most; the one that was not seen for the longest time goes first.
  public var maximalPending = 512
  /// Rays that are kept of an object, those that say the most.
  public var maximalRays = 32
  /// Points of the map that are looked at; of more every n-th is.
  public var maximalPoints = 60_000

  /// Where a box or a mask ends, one standard deviation, pixels.
  public var pixelDeviation = 1.0
  /// How far the middle of what is seen of an object wanders on it as the camera goes round, one standard deviation, as
  /// a share of the diagonal of its box.
  public var centreDeviation = 0.05
  /// Attitude of the camera, one standard deviation, radians.
  public var attitudeDeviation = 0.001
  /// Place of the camera, one standard deviation, metres; nothing is taken off in maps without metres.
  public var placeDeviation = 0.02

  /// Rays of one object are at least this far apart, seconds.
  public var rayInterval = 0.1
  /// The time over which it is judged whether an object moves, seconds.
  public var motionWindow = 4.0
  /// How much the velocity of what moves changes, m/s².
  public var accelerationDeviation = 1.5
  /// Places that are less certain than this share of the distance from the camera are not told.
  public var maximalRelativeDeviation = 0.15
  /// How long an object that is not seen counts as in sight, seconds.
  public var activeTime = 2.0

  public init() {}
}
