public import Geometry
public import MediaModel

/// Brings a path of a camera and the samples of an IMU together.
public enum InertialAlignment {
  /// Shorter paths tell nothing, seconds.
  static let minimalSpan = 2.0

  /// Estimates scale, gravity, biases and clock offset from one map's path and the samples along it.
  ///
  /// - Parameters:
  ///   - poses: of one map, in its own scale and orientation; any order, at any rate.
  ///   - samples: readings of an IMU that is fixed to the camera.
  ///   - heading: the orientation of the camera that shall look to +y; by default that of the first pose.
  /// - Returns: `nil` when poses and samples cannot be compared at all: too short, too few, or at other times. A result
  ///   of quality `unknown` says that they were compared, and do not tell or do not fit.
  /// - Complexity: linear in samples and poses; some 40 ms for a minute at 200 Hz. At most two hours of samples.
  public static func estimate(
    poses: [TimedPose], samples: [IMUSample], options: InertialOptions = InertialOptions(), heading: SO3? = nil
  ) -> MetricAlignment? {
    guard options.isUsable, let base = poses.first(where: \.isPlausible)?.nanos else { return nil }
    let keys = KeyPose.sorted(poses, base: base)
    let track = InertialTrack(samples, base: base)
    guard let first = keys.first, let last = keys.last, last.time - first.time >= minimalSpan,
      let rotation = RotationAlignment.estimate(poses: keys, track: track, options: options)
    else { return nil }
    let towards = heading ?? first.worldFromCamera.rotation
    guard rotation.fits, rotation.timeOffsetDeviation.isFinite, rotation.tellsMounting(options),
      let batch = InertialBatch(poses: keys, track: track, rotation: rotation, options: options),
      let guess = LinearScale.estimate(batch), let estimate = batch.solve(from: guess)
    else { return .unknown(rotation, options, towards) }
    let state = estimate.state
    let logScale = ScaleSections(batch, estimate).combined(
      with: .init(logScale: state.logScale, deviation: estimate.scaleDeviation))
    let (scale, gravity) = (exponential(logScale.logScale), batch.gravityInMap(state))
    let quality = AlignmentJudgement(
      batch: batch, estimate: estimate, scaleDeviation: logScale.deviation
    ).quality
    return MetricAlignment(
      scale: scale, scaleDeviation: logScale.deviation, gravityInWorld: gravity,
      gravityDeviation: estimate.gravityDeviation, gyroscopeBias: state.gyroscopeBias,
      accelerometerBias: state.accelerometerBias, timeOffset: rotation.timeOffset + state.timeOffset,
      timeOffsetDeviation: min(rotation.timeOffsetDeviation, estimate.timeOffsetDeviation),
      imuFromCamera: SE3(rotation: state.mounting, translation: batch.imuFromCamera.translation), quality: quality,
      metricFromWorld: MetricAlignment.metricFromWorld(scale: scale, gravity: gravity, heading: towards),
      positionNoise: estimate.weights.driftDensity * scale * (options.keyInterval / 2).squareRoot(),
      rotationNoise: estimate.weights.turnDensity * (options.keyInterval / 2).squareRoot())
  }
}

extension InertialOptions {
  /// Whether all values are such that they can be computed with.
  var isUsable: Bool {
    let positive = [
      gravityMagnitude, accelerometerBiasDeviation, extrinsicRotationDeviation, keyInterval, noise.gyroscopeDensity,
      noise.accelerometerDensity,
    ]
    guard positive.allSatisfy({ $0 > 0 && $0.isFinite }), maximalKeyPoses >= InertialBatch.minimalKeys else {
      return false
    }
    guard (0...5).contains(timeOffsetRange), abs(expectedTimeOffset) < 1e6 else { return false }
    return imuFromCamera.map { $0.translation.isFinite && $0.rotation.quaternion.sum().isFinite } ?? true
  }
}

extension MetricAlignment {
  /// Nothing is known about the scale.
  fileprivate static func unknown(
    _ rotation: RotationAlignment, _ options: InertialOptions, _ heading: SO3
  ) -> MetricAlignment {
    MetricAlignment(
      scale: 1, scaleDeviation: .infinity, gravityInWorld: SIMD3(0, 0, -1), gravityDeviation: .infinity,
      gyroscopeBias: rotation.gyroscopeBias, accelerometerBias: .zero, timeOffset: rotation.timeOffset,
      timeOffsetDeviation: rotation.timeOffsetDeviation,
      imuFromCamera: SE3(rotation: rotation.imuFromCamera, translation: options.imuFromCamera?.translation ?? .zero),
      quality: .unknown, metricFromWorld: .identity, positionNoise: .infinity, rotationNoise: .infinity)
  }
}

/// Whether an estimate can be believed: by its deviations, and by checks that a wrong one does not pass.
struct AlignmentJudgement {
  let batch: InertialBatch
  let estimate: InertialBatch.Estimate
  /// Of ln(scale).
  let scaleDeviation: Double

  var quality: AlignmentQuality {
    min(byDeviation, byBending, byBiases, byNoise)
  }

  private func grade(_ value: Double, trustworthy: Double, uncertain: Double) -> AlignmentQuality {
    // A value that is no number is no measure of anything.
    if value <= trustworthy { return .trustworthy }
    return value <= uncertain ? .uncertain : .unknown
  }

  private var byDeviation: AlignmentQuality {
    min(
      grade(scaleDeviation, trustworthy: 0.03, uncertain: 0.12),
      grade(estimate.gravityDeviation, trustworthy: 0.05, uncertain: 0.15))
  }

  /// Where a path bends less than its positions err, the scale comes out too small by more than its deviation says.
  private var byBending: AlignmentQuality { grade(1 / bendingRatio, trustworthy: 1 / 1.5, uncertain: 1 / 1.2) }

  /// How far the path bends, against what the camera's steps err by: root mean squares of what positions differ by
  /// from those on the straight line between two others, about half a second before and after.
  private var bendingRatio: Double {
    let (keys, positions) = (batch.keys, estimate.state.positions)
    let drift = estimate.weights.driftDensity * estimate.state.scale
    var (before, after, squares, noise) = (0, 0, 0.0, 0.0)
    for index in keys.indices {
      let time = keys[index].time
      while before + 1 < index, time - keys[before + 1].time >= Self.bendingTime { before += 1 }
      while after + 1 < keys.count, keys[after].time - time < Self.bendingTime { after += 1 }
      let (a, b) = (time - keys[before].time, keys[after].time - time)
      guard a >= Self.bendingTime, b >= Self.bendingTime, a + b < 4 * Self.bendingTime else { continue }
      let line = positions[before] + (a / (a + b)) * (positions[after] - positions[before])
      squares += (positions[index] - line).dot(positions[index] - line)
      noise += 3 * drift * drift * a * b / (a + b)
    }
    return noise > 0 ? (squares / noise).squareRoot() : 0
  }

  /// A little less than half a second, which keys may be apart.
  private static let bendingTime = 0.45

  private var byBiases: AlignmentQuality {
    grade(
      estimate.state.accelerometerBias.norm / batch.options.accelerometerBiasDeviation, trustworthy: 3.5, uncertain: 6)
  }

  /// Samples that do not belong to the path leave residuals far above any IMU's noise.
  private var byNoise: AlignmentQuality {
    grade(estimate.weights.accelerometerInflation, trustworthy: 6, uncertain: 20)
  }
}

extension RotationAlignment {
  /// Whether the rotations are those of one body. Small differences are noise of the camera; large ones must be small
  /// against how much it turned.
  var fits: Bool { residual < 0.03 || unexplained < 0.15 }

  /// Whether the mounting is known well enough, where it had to be found.
  func tellsMounting(_ options: InertialOptions) -> Bool {
    options.imuFromCamera != nil || mountingDeviation < Self.maximalMountingDeviation
  }

  /// A mounting that is less certain mixes gravity into accelerations, radians.
  private static let maximalMountingDeviation = 0.02
}
