import Geometry
import LinearAlgebra

/// Offset, bias and mounting together, from the rotations between poses: least squares, with Huber's weights.
///
/// Each rotation of the camera, brought into IMU axes, is compared with the product of the gyroscope's turns over the
/// same time, so neither is smoothed. Rotation vectors of the differences are linear in the unknowns:
/// bias (·duration), offset (angular velocity at the start less that at the end), mounting.
struct RotationRefinement {
  let intervals: [RotationAlignment.Interval]
  let track: InertialTrack
  let options: InertialOptions

  private static let iterations = 6

  func refined(_ start: RotationAlignment, fixesOffset: Bool) -> RotationAlignment? {
    var best = start
    var deviation = 0.0
    for iteration in 0..<Self.iterations {
      guard let turns = GyroscopeOrientation(track, bias: best.gyroscopeBias) else { return nil }
      let rows = rows(best, turns)
      guard rows.count >= RotationAlignment.minimalIntervals else { return nil }
      // The median of a length of three normal components is 1.538 of their deviation.
      let sizes = rows.map { $0.residual.norm }.sorted()
      deviation = max(1e-6, sizes[sizes.count / 2] / 1.538)
      guard let step = step(rows, deviation, fixesOffset: fixesOffset) else { return nil }
      best.gyroscopeBias += step.bias
      best.timeOffset += max(-0.05, min(0.05, step.offset))
      best.imuFromCamera = .exp(step.mounting) * best.imuFromCamera
      best.timeOffsetDeviation = step.offsetDeviation
      best.mountingDeviation = step.mountingDeviation
      guard best.gyroscopeBias.isFinite, best.timeOffset.isFinite else { return nil }
      if iteration > 0, abs(step.offset) < 2e-5, step.bias.norm < 1e-5, step.mounting.norm < 1e-5 { break }
    }
    measure(&best)
    return best
  }

  private struct Row {
    var residual: SIMD3<Double>
    var duration: Double
    var byOffset: SIMD3<Double>
    var byMounting: Matrix3
  }

  private func rows(_ state: RotationAlignment, _ turns: GyroscopeOrientation) -> [Row] {
    intervals.compactMap { interval in
      let (start, end) = (interval.start + state.timeOffset, interval.end + state.timeOffset)
      guard let a = turns.orientation(at: start), let b = turns.orientation(at: end) else { return nil }
      let camera = state.imuFromCamera * interval.rotation * state.imuFromCamera.inverse
      let back = (a.orientation.inverse * b.orientation).inverse
      return Row(
        residual: (back * camera).log, duration: interval.duration,
        byOffset: back * a.angularVelocity - b.angularVelocity,
        byMounting: camera.inverse.matrix + (-1) * .identity)
    }
  }

  private struct Step {
    var bias: SIMD3<Double>
    var offset: Double
    var mounting: SIMD3<Double>
    var offsetDeviation: Double
    var mountingDeviation: Double
  }

  /// Errors of a camera's rotations resemble each other for some frames, so that fewer than there are count:
  /// their deviation is taken to be this many times larger.
  private static let correlation = 3.0

  private func step(_ rows: [Row], _ deviation: Double, fixesOffset: Bool) -> Step? {
    var normal = Matrix(rows: 7, columns: 7)
    var right = [Double](repeating: 0, count: 7)
    let spread = Self.correlation * deviation
    for row in rows {
      let weight = min(1, 2 * deviation / max(1e-12, row.residual.norm)) / (spread * spread)
      for axis in 0..<3 {
        var j = [Double](repeating: 0, count: 7)
        j[axis] = row.duration
        j[3] = fixesOffset ? 0 : row.byOffset[axis]
        for column in 0..<3 { j[4 + column] = row.byMounting[axis, column] }
        for a in 0..<7 {
          right[a] -= weight * j[a] * row.residual[axis]
          for b in 0...a { normal[a, b] += weight * j[a] * j[b] }
        }
      }
    }
    // Weak knowledge keeps the equations solvable: a bias below about 0.2 rad/s, an offset within a second.
    for axis in 0..<3 { normal[axis, axis] += 25 }
    normal[3, 3] += fixesOffset ? 1e8 : 1
    let mounting = options.imuFromCamera == nil ? 1 : options.extrinsicRotationDeviation
    for axis in 4..<7 { normal[axis, axis] += 1 / max(1e-12, mounting * mounting) }
    for a in 0..<7 {
      for b in 0..<a { normal[b, a] = normal[a, b] }
    }
    guard let cholesky = Cholesky(normal) else { return nil }
    let x = cholesky.solve(right)
    let covariance = cholesky.inverse
    let mountingVariance = (4..<7).reduce(0) { max($0, covariance[$1, $1]) }
    return Step(
      bias: SIMD3(x[0], x[1], x[2]), offset: x[3], mounting: SIMD3(x[4], x[5], x[6]),
      offsetDeviation: max(0, covariance[3, 3]).squareRoot(),
      mountingDeviation: mountingVariance.squareRoot())
  }

  /// Rotations over about a quarter of a second: noise of the camera's poses is little against them, and motion that
  /// the gyroscope did not feel is not.
  private var joined: [RotationAlignment.Interval] {
    var joined: [RotationAlignment.Interval] = []
    var isOpen = false
    for interval in intervals {
      if isOpen, let last = joined.last, last.end == interval.start {
        joined[joined.count - 1].end = interval.end
        joined[joined.count - 1].rotation = last.rotation * interval.rotation
      } else {
        joined.append(interval)
      }
      isOpen = joined[joined.count - 1].duration < 0.25
    }
    return joined
  }

  /// Residual and signal of the result. What is off by far more than the rest counts no more than five times it.
  private func measure(_ state: inout RotationAlignment) {
    guard let turns = GyroscopeOrientation(track, bias: state.gyroscopeBias) else { return }
    var rates: [SIMD3<Double>] = []
    var residuals: [Double] = []
    for interval in joined {
      let (start, end) = (interval.start + state.timeOffset, interval.end + state.timeOffset)
      guard let a = turns.orientation(at: start), let b = turns.orientation(at: end) else { continue }
      let turn = a.orientation.inverse * b.orientation
      let camera = state.imuFromCamera * interval.rotation * state.imuFromCamera.inverse
      rates.append(turn.log / interval.duration)
      residuals.append((turn.inverse * camera).angle / interval.duration)
    }
    guard !rates.isEmpty else { return }
    let count = Double(rates.count)
    let mean = rates.reduce(.zero, +) / count
    state.signal = (rates.reduce(0) { $0 + ($1 - mean).dot($1 - mean) } / count).squareRoot()
    let limit = 5 * residuals.sorted()[residuals.count / 2]
    state.residual = (residuals.reduce(0) { $0 + min($1, limit) * min($1, limit) } / count).squareRoot()
  }
}

/// The orientation of an IMU by its gyroscope alone, from that at its first sample.
struct GyroscopeOrientation {
  private let track: InertialTrack
  private let bias: SIMD3<Double>
  private let orientations: [SO3]

  init?(_ track: InertialTrack, bias: SIMD3<Double>) {
    guard !track.times.isEmpty else { return nil }
    (self.track, self.bias) = (track, bias)
    var orientation = SO3.identity
    var orientations = [orientation]
    orientations.reserveCapacity(track.times.count)
    for index in 1..<max(1, track.times.count) {
      let rate = 0.5 * (track.angularVelocities[index - 1] + track.angularVelocities[index]) - bias
      orientation = orientation * .exp((track.times[index] - track.times[index - 1]) * rate)
      orientations.append(orientation)
    }
    self.orientations = orientations
  }

  /// Orientation and angular velocity at a time; `nil` outside the track and in gaps.
  func orientation(at time: Double) -> (orientation: SO3, angularVelocity: SIMD3<Double>)? {
    guard let index = track.index(at: time) else { return nil }
    if index + 1 < track.times.count, track.times[index + 1] - track.times[index] > InertialTrack.maximalGap {
      return nil
    }
    let rate = track.reading(at: time, after: index).angularVelocity - bias
    let mean = 0.5 * (rate + track.angularVelocities[index] - bias)
    return (orientations[index] * .exp((time - track.times[index]) * mean), rate)
  }
}
