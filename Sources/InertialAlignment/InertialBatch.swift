import Geometry
import LinearAlgebra

/// One path of a camera and what an IMU felt along it, brought together: scale, gravity, biases, and every pose and
/// velocity, by weighted least squares.
///
/// The camera's positions and rotations are measurements with noise of unknown size; the IMU ties poses that follow
/// each other. Unknowns of a key pose: θ (rotation, axes of the IMU), position, velocity, metric, axes of the world.
/// Unknowns in common: see ``Border``.
package struct InertialBatch {
  /// Positions are relative to that in the middle.
  package let keys: [KeyPose]
  /// Between key k and k + 1; `nil` where samples are missing or the poses are too far apart.
  package let factors: [InertialFactor?]
  /// The gyroscope's readings at the keys, rad/s.
  let rates: [SIMD3<Double>]
  let imuFromCamera: SE3
  let options: InertialOptions
  let prior: Prior

  /// Where the unknowns in common stand: clock offset, mounting and ln(scale), which the camera's measurements touch,
  /// and gravity's direction (two) and the biases, which the IMU's do.
  package enum Border {
    static let timeOffset = 0
    static let mounting = 1
    static let scale = 4
    package static let camera = 0..<5
    static let gravity = 5
    static let accelerometerBias = 7
    static let gyroscopeBias = 10
    package static let inertial = 5..<13
    package static let count = 13
  }

  /// What is known of the unknowns in common before positions are looked at, with one standard deviation each.
  struct Prior {
    var accelerometerBias = SIMD3<Double>.zero
    var accelerometerBiasDeviation: Double
    var gyroscopeBias: SIMD3<Double>
    var gyroscopeBiasDeviation = 0.01
    /// Seconds, on top of the offset by which the IMU's readings were taken.
    var timeOffset = 0.0
    var timeOffsetDeviation: Double
    /// imuFromCamera
    var mounting: SO3
    var mountingDeviation: Double
  }

  /// Over longer times the IMU's errors have grown too large to tell anything.
  static let longestFactor = 1.0
  static let minimalKeys = 12

  package init?(poses: [KeyPose], track: InertialTrack, rotation: RotationAlignment, options: InertialOptions) {
    self.options = options
    prior = Prior(
      accelerometerBiasDeviation: options.accelerometerBiasDeviation, gyroscopeBias: rotation.gyroscopeBias,
      timeOffsetDeviation: min(0.03, max(0.0005, rotation.timeOffsetDeviation)), mounting: rotation.imuFromCamera,
      mountingDeviation: options.imuFromCamera == nil ? 0.02 : options.extrinsicRotationDeviation)
    imuFromCamera = SE3(
      rotation: rotation.imuFromCamera, translation: options.imuFromCamera?.translation ?? .zero)
    var kept: [KeyPose] = []
    var rates: [SIMD3<Double>] = []
    for pose in KeyPose.thinned(poses, interval: options.keyInterval, limit: options.maximalKeyPoses) {
      guard let reading = track.reading(at: pose.time + rotation.timeOffset) else { continue }
      kept.append(pose)
      rates.append(reading.angularVelocity)
    }
    guard kept.count >= Self.minimalKeys else { return nil }
    let middle = kept[kept.count / 2].worldFromCamera.translation
    for index in kept.indices { kept[index].worldFromCamera.translation -= middle }
    (keys, self.rates) = (kept, rates)
    factors = zip(kept, kept.dropFirst()).map { a, b in
      guard b.time - a.time <= Self.longestFactor else { return nil }
      return Preintegration(
        track, from: a.time + rotation.timeOffset, to: b.time + rotation.timeOffset,
        gyroscopeBias: rotation.gyroscopeBias, noise: options.noise
      ).flatMap(InertialFactor.init)
    }
    guard factors.count(where: { $0 != nil }) >= Self.minimalKeys - 1 else { return nil }
  }

  /// The part of the path that lies in `range` of its keys, with what the whole told about the IMU.
  init(_ whole: InertialBatch, range: Range<Int>, prior: Prior) {
    let part = whole.keys[range]
    let middle = part[part.startIndex + part.count / 2].worldFromCamera.translation
    keys = part.map { key in
      KeyPose(
        time: key.time,
        worldFromCamera: SE3(
          rotation: key.worldFromCamera.rotation, translation: key.worldFromCamera.translation - middle))
    }
    factors = Array(whole.factors[range.lowerBound..<(range.upperBound - 1)])
    rates = Array(whole.rates[range])
    (imuFromCamera, options, self.prior) = (whole.imuFromCamera, whole.options, prior)
  }

  /// The orientation of the IMU at a key, as the camera saw it.
  func worldFromIMU(_ index: Int) -> SO3 { keys[index].worldFromCamera.rotation * imuFromCamera.rotation.inverse }
}

/// A preintegration, and what makes its errors white: rows of unit variance.
package struct InertialFactor {
  let preintegration: Preintegration
  /// W with WᵀW the information of the rotation.
  let rotationRoot: Matrix3
  /// W = (a 0; b c) with WᵀW the information of velocity and position.
  let motionRoot: (a: Matrix3, b: Matrix3, c: Matrix3)

  var duration: Double { preintegration.duration }
  var velocity: SIMD3<Double> { preintegration.velocity }
  var position: SIMD3<Double> { preintegration.position }

  init?(_ preintegration: Preintegration) {
    let c = preintegration.covariance
    guard let rotation = c.rotationRotation.choleskyFactor?.inverseOfLower,
      let velocity = c.velocityVelocity.choleskyFactor
    else { return nil }
    // Σ = (V C; Cᵀ P) = L·Lᵀ with L = (L₁ 0; X L₂): X = Cᵀ·L₁⁻ᵀ, L₂·L₂ᵀ = P − X·Xᵀ.
    let velocityInverse = velocity.inverseOfLower
    let cross = c.velocityPosition.transposed * velocityInverse.transposed
    guard let position = (c.positionPosition + (-1) * (cross * cross.transposed)).choleskyFactor else { return nil }
    let positionInverse = position.inverseOfLower
    self.preintegration = preintegration
    rotationRoot = rotation
    motionRoot = (velocityInverse, -1 * (positionInverse * cross * velocityInverse), positionInverse)
  }
}

extension Matrix3 {
  /// The lower triangular L with L·Lᵀ = this matrix, which is symmetric; `nil` where it is not positive definite.
  var choleskyFactor: Matrix3? {
    let d0 = self[0, 0]
    guard d0 > 0 else { return nil }
    let l00 = d0.squareRoot()
    let (l10, l20) = (self[1, 0] / l00, self[2, 0] / l00)
    let d1 = self[1, 1] - l10 * l10
    guard d1 > 0 else { return nil }
    let l11 = d1.squareRoot()
    let l21 = (self[2, 1] - l20 * l10) / l11
    let d2 = self[2, 2] - l20 * l20 - l21 * l21
    guard d2 > 0, d2.isFinite else { return nil }
    return Matrix3(SIMD3(l00, l10, l20), SIMD3(0, l11, l21), SIMD3(0, 0, d2.squareRoot()))
  }

  /// The inverse of a lower triangular matrix.
  var inverseOfLower: Matrix3 {
    let (a, b, c) = (1 / self[0, 0], 1 / self[1, 1], 1 / self[2, 2])
    let m10 = -self[1, 0] * a * b
    let m21 = -self[2, 1] * b * c
    let m20 = -(self[2, 0] * a + self[2, 1] * m10) * c
    return Matrix3(SIMD3(a, m10, m20), SIMD3(0, b, m21), SIMD3(0, 0, c))
  }
}
