public import Geometry
public import MediaModel

/// Aligns a map while it grows: takes poses and samples as they come, keeps what is recent, and estimates now and then.
///
/// One aligner belongs to one map. Its memory is bounded: poses and samples of the last minutes.
public struct InertialAligner: Sendable {
  public let options: InertialOptions
  /// How much of the past takes part, seconds.
  public let window: Double
  /// How much time of the stream passes between estimates, seconds.
  public let period: Double

  /// The last estimate of the best quality that was reached; `nil` before the first.
  public private(set) var alignment: MetricAlignment?

  private var poses: [TimedPose] = []
  private var samples: [IMUSample] = []
  private var heading: SO3?
  private var newestPose = Int64.min
  private var newestSample = Int64.min
  private var lastEstimate: Int64?

  /// Poses closer than this to the one before are not kept, nanoseconds: 20 a second are enough for the clock offset.
  private static let poseSpacing: Int64 = 45_000_000
  /// From when on an offset counts as found, and how far from it the next is looked for, seconds.
  private static let foundOffsetDeviation = 0.003
  private static let nearOffset = 0.03
  /// Sensors that give more than 1 kHz lose the oldest part of the window.
  private static let maximalSamples = 180_000
  private static let maximalPoses = 4_000

  /// - Parameters:
  ///   - window: seconds, 5…180.
  ///   - period: seconds, at least 0.5.
  public init(options: InertialOptions = InertialOptions(), window: Double = 90, period: Double = 2) {
    self.options = options
    self.window = window.isFinite ? max(5, min(180, window)) : 90
    self.period = period.isFinite ? max(0.5, period) : 2
  }

  /// Takes the pose of a picture. What comes out of order, or is no pose, is passed over.
  public mutating func add(_ pose: TimedPose) {
    guard pose.isPlausible else { return }
    if heading == nil { heading = pose.worldFromCamera.rotation }
    if newestPose > Int64.min, pose.nanos - newestPose < Self.poseSpacing { return }
    newestPose = pose.nanos
    poses.append(pose)
    let oldest = pose.nanos - Int64(window * 1e9)
    Self.forget(&poses, limit: Self.maximalPoses) { $0.nanos < oldest }
  }

  /// Takes a reading of the IMU. What comes out of order, or is none, is passed over.
  public mutating func add(_ sample: IMUSample) {
    guard sample.isPlausible, newestSample == Int64.min || sample.timestampNanos > newestSample else { return }
    newestSample = sample.timestampNanos
    samples.append(sample)
    let margin = options.timeOffsetRange.isFinite ? min(5, abs(options.timeOffsetRange)) + 1 : 1
    let oldest = sample.timestampNanos - Int64((window + margin) * 1e9)
    Self.forget(&samples, limit: Self.maximalSamples) { $0.timestampNanos < oldest }
  }

  /// Replaces all poses, after the map was adjusted and its past moved.
  public mutating func replacePoses(_ adjusted: some Sequence<TimedPose>) {
    poses = []
    (heading, newestPose) = (nil, Int64.min)
    for pose in adjusted { add(pose) }
  }

  /// Removes the oldest elements, a good part at a time, so that each costs little.
  private static func forget<Element>(_ elements: inout [Element], limit: Int, where isOld: (Element) -> Bool) {
    let surplus = elements.count - limit
    guard surplus > 0 || isOld(elements[elements.count / 4]) else { return }
    let old = elements.firstIndex { !isOld($0) } ?? elements.count
    elements.removeFirst(max(old, surplus > 0 ? surplus + limit / 8 : 0))
  }

  /// Whether enough of the stream has passed since the last estimate.
  public var isEstimateDue: Bool {
    guard newestPose > Int64.min else { return false }
    return lastEstimate.map { newestPose - $0 >= Int64(period * 1e9) } ?? true
  }

  /// Estimates from what is kept.
  ///
  /// - Returns: the new estimate, of whatever quality; `nil` when nothing can be said.
  /// - Complexity: some 40 ms for a window of a minute.
  public mutating func estimate() -> MetricAlignment? {
    if newestPose > Int64.min { lastEstimate = newestPose }
    var options = options
    if let alignment, alignment.quality == .trustworthy, alignment.timeOffsetDeviation < Self.foundOffsetDeviation {
      // Clocks drift by milliseconds only: there is no need to look for the offset everywhere again.
      options.expectedTimeOffset = alignment.timeOffset
      options.timeOffsetRange = min(options.timeOffsetRange, Self.nearOffset)
    }
    let result = InertialAlignment.estimate(poses: poses, samples: samples, options: options, heading: heading)
    if let result, result.quality >= alignment?.quality ?? .unknown { alignment = result }
    return result
  }
}
