import Geometry
import LinearAlgebra

/// What the rotations of camera and gyroscope tell: how far their clocks are apart, the gyroscope's bias, and how the
/// camera sits on the IMU.
package struct RotationAlignment {
  /// imuTime = cameraTime + offset, seconds.
  package var timeOffset: Double
  /// One standard deviation, seconds; large where nothing turned.
  var timeOffsetDeviation: Double
  /// rad/s
  package var gyroscopeBias: SIMD3<Double>
  package var imuFromCamera: SO3
  /// One standard deviation of its worst axis, radians.
  var mountingDeviation = Double.infinity
  /// Root mean square of what the two angular velocities differ by, rad/s; outliers are clipped.
  var residual: Double
  /// Root mean square of the gyroscope's angular velocity about its mean, rad/s.
  var signal: Double

  /// The share of the gyroscope's motion that the camera's does not explain, 0…1.
  var unexplained: Double { signal > 0 ? min(1, residual * residual / (signal * signal)) : 1 }

  /// The rotation of a camera between two of its poses.
  struct Interval {
    /// Seconds on the clock of the camera.
    var start: Double
    var end: Double
    /// Camera at the start from camera at the end.
    var rotation: SO3

    var duration: Double { end - start }
    /// The mean angular velocity, rad/s, camera axes.
    var rate: SIMD3<Double> { rotation.log / duration }
  }

  /// Turns over less than this say little above their noise; over more, the rate is no longer even. Seconds.
  static let shortest = 0.04
  static let longest = 0.3
  /// No more rotations than this are compared.
  static let maximalIntervals = 800
  /// What is less is no basis.
  static let minimalIntervals = 15

  /// The rotations between poses that follow each other; poses in a burst are passed over.
  static func intervals(_ poses: [KeyPose]) -> [Interval] {
    guard let first = poses.first, let last = poses.last else { return [] }
    let shortest = max(Self.shortest, (last.time - first.time) / Double(maximalIntervals) * 0.95)
    var intervals: [Interval] = []
    var start = first
    for pose in poses.dropFirst() where pose.time - start.time >= shortest {
      let rotation = start.worldFromCamera.rotation.inverse * pose.worldFromCamera.rotation
      let interval = Interval(start: start.time, end: pose.time, rotation: rotation)
      if interval.duration <= max(longest, 1.5 * shortest), interval.rate.norm < 15 { intervals.append(interval) }
      start = pose
    }
    return intervals
  }

  /// - Returns: `nil` when too little of the camera's path lies in the track.
  package static func estimate(poses: [KeyPose], track: InertialTrack, options: InertialOptions) -> RotationAlignment? {
    let intervals = intervals(poses)
    guard intervals.count >= minimalIntervals, let turns = GyroscopeTurns(track) else { return nil }
    let known = options.imuFromCamera?.rotation
    guard
      let coarse = CoarseRotationSearch(intervals: intervals, turns: turns, imuFromCamera: known)
        .best(around: options.expectedTimeOffset, range: options.timeOffsetRange)
    else { return nil }
    let refinement = RotationRefinement(intervals: intervals, track: track, options: options)
    guard let best = refinement.refined(coarse, fixesOffset: options.timeOffsetRange == 0) else { return nil }
    if options.timeOffsetRange == 0 { return best }
    let isFound =
      best.timeOffsetDeviation < maximalOffsetDeviation && best.unexplained < 0.5
      && abs(best.timeOffset - options.expectedTimeOffset) <= options.timeOffsetRange + 0.02
    if isFound { return best }
    // Without turns the clocks cannot be compared: what was expected stands, and is right only where it was known.
    var expected = coarse
    expected.timeOffset = options.expectedTimeOffset
    if let known { expected.imuFromCamera = known }
    guard var fixed = refinement.refined(expected, fixesOffset: true) else { return nil }
    fixed.timeOffsetDeviation = .infinity
    return fixed
  }

  /// An offset that is less certain than this is not found, seconds.
  static let maximalOffsetDeviation = 0.025
}

/// The integral of the gyroscope's readings on an even grid, for mean rates at little cost.
struct GyroscopeTurns {
  private static let step = 0.005
  private let start: Double
  private let sums: [SIMD3<Double>]

  init?(_ track: InertialTrack) {
    guard let first = track.times.first, let last = track.times.last, last - first > 1, last - first < 7200 else {
      return nil
    }
    start = first
    let count = Int((last - first) / Self.step)
    var sums: [SIMD3<Double>] = [.zero]
    sums.reserveCapacity(count + 1)
    var (index, total) = (0, SIMD3<Double>.zero)
    for number in 0..<count {
      let time = first + (Double(number) + 0.5) * Self.step
      while index + 2 < track.times.count, track.times[index + 1] < time { index += 1 }
      total += Self.step * track.reading(at: time, after: index).angularVelocity
      sums.append(total)
    }
    self.sums = sums
  }

  /// The mean angular velocity between two times, rad/s; `nil` outside the track.
  func meanRate(from start: Double, to end: Double) -> SIMD3<Double>? {
    guard let a = sum(start), let b = sum(end) else { return nil }
    return (b - a) / (end - start)
  }

  private func sum(_ time: Double) -> SIMD3<Double>? {
    let place = (time - start) / Self.step
    guard place >= 0, place < Double(sums.count - 1) else { return nil }
    let index = Int(place)
    return sums[index] + (place - Double(index)) * (sums[index + 1] - sums[index])
  }
}

/// Tries offsets on a grid, and takes the one where the angular velocities agree best.
struct CoarseRotationSearch {
  let intervals: [RotationAlignment.Interval]
  let turns: GyroscopeTurns
  /// Where it is not known, the best rotation for each offset is found by Procrustes' method.
  let imuFromCamera: SO3?
  private let rates: [SIMD3<Double>]

  private static let step = 0.01

  init(intervals: [RotationAlignment.Interval], turns: GyroscopeTurns, imuFromCamera: SO3?) {
    (self.intervals, self.turns, self.imuFromCamera) = (intervals, turns, imuFromCamera)
    rates = intervals.map(\.rate)
  }

  func best(around expected: Double, range: Double) -> RotationAlignment? {
    let count = max(0, min(500, Int((range / Self.step).rounded(.up))))
    // From the middle outwards, so that of equal ones the nearest wins.
    let steps = [0] + (0..<count).flatMap { [$0 + 1, -$0 - 1] }
    let candidates = steps.compactMap { alignment(offset: expected + Double($0) * Self.step) }
    return candidates.min { $0.unexplained < $1.unexplained }
  }

  private func alignment(offset: Double) -> RotationAlignment? {
    var pairs: [(camera: SIMD3<Double>, imu: SIMD3<Double>)] = []
    pairs.reserveCapacity(rates.count)
    for (interval, rate) in zip(intervals, rates) {
      if let imu = turns.meanRate(from: interval.start + offset, to: interval.end + offset) {
        pairs.append((rate, imu))
      }
    }
    guard pairs.count >= RotationAlignment.minimalIntervals, 2 * pairs.count >= intervals.count else { return nil }
    let count = Double(pairs.count)
    let cameraMean = pairs.reduce(.zero) { $0 + $1.camera } / count
    let imuMean = pairs.reduce(.zero) { $0 + $1.imu } / count
    var correlation = Matrix3.zero
    var (cameraSquares, imuSquares) = (0.0, 0.0)
    for pair in pairs {
      let (camera, imu) = (pair.camera - cameraMean, pair.imu - imuMean)
      correlation = correlation + Matrix3(camera.x * imu, camera.y * imu, camera.z * imu)
      cameraSquares += camera.dot(camera)
      imuSquares += imu.dot(imu)
    }
    guard let rotation = imuFromCamera ?? procrustesRotation(correlation) else { return nil }
    let agreement = (rotation.matrix.transposed * correlation).trace
    let residual = max(0, cameraSquares + imuSquares - 2 * agreement) / count
    return RotationAlignment(
      timeOffset: offset, timeOffsetDeviation: .infinity, gyroscopeBias: imuMean - rotation * cameraMean,
      imuFromCamera: rotation,
      residual: residual.squareRoot(), signal: (imuSquares / count).squareRoot())
  }
}

/// The rotation R that makes tr(Rᵀ·C) largest (Kabsch 1976), where the sum C of b·aᵀ has at least two directions.
func procrustesRotation(_ correlation: Matrix3) -> SO3? {
  let svd = SingularValues(Matrix(rows: (0..<3).map { row in (0..<3).map { correlation[row, $0] } }))
  guard svd.values[1] > 1e-3 * svd.values[0], svd.values[0].isFinite else { return nil }
  func columns(_ m: Matrix) -> (SIMD3<Double>, SIMD3<Double>) {
    (SIMD3(m[0, 0], m[1, 0], m[2, 0]), SIMD3(m[0, 1], m[1, 1], m[2, 1]))
  }
  // The third directions follow from the others, so that the result is no reflection.
  let ((u0, u1), (v0, v1)) = (columns(svd.u), columns(svd.v))
  let (u, v) = (Matrix3(u0, u1, u0.cross(u1)), Matrix3(v0, v1, v0.cross(v1)))
  return SO3(matrix: u * v.transposed)
}
