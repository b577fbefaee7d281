import Geometry
import LinearAlgebra

/// What an IMU felt between two times, as a change of orientation, velocity and position in the axes it had at the
/// first: independent of where it was, how fast it flew and where gravity points.
///
/// Source: Forster, Carlone, Dellaert, Scaramuzza 2017, "On-Manifold Preintegration for Real-Time Visual-Inertial
/// Odometry", §V–VI; each piece between samples is integrated by the midpoint rule.
package struct Preintegration {
  /// Seconds.
  package private(set) var duration = 0.0
  /// Axes at the start from axes at the end.
  package private(set) var rotation = SO3.identity
  /// m/s
  package private(set) var velocity = SIMD3<Double>.zero
  /// m
  package private(set) var position = SIMD3<Double>.zero

  /// Biases that were taken off the readings.
  private(set) var gyroscopeBias: SIMD3<Double>
  private(set) var accelerometerBias: SIMD3<Double>

  // How the changes move with the biases; the rotation's as a rotation vector in the axes at the end.
  private(set) var rotationByGyroscope = Matrix3.zero
  private(set) var velocityByGyroscope = Matrix3.zero
  private(set) var velocityByAccelerometer = Matrix3.zero
  private(set) var positionByGyroscope = Matrix3.zero
  private(set) var positionByAccelerometer = Matrix3.zero

  package private(set) var covariance = Covariance()

  /// The covariance of the errors of rotation (θ, in the axes at the end), velocity and position, by blocks.
  package struct Covariance {
    package var rotationRotation = Matrix3.zero
    package var rotationVelocity = Matrix3.zero
    package var rotationPosition = Matrix3.zero
    package var velocityVelocity = Matrix3.zero
    package var velocityPosition = Matrix3.zero
    package var positionPosition = Matrix3.zero
  }

  /// Integrates the readings of a track from `start` to `end`, seconds.
  /// - Returns: `nil` where the track has a gap, or does not reach.
  package init?(
    _ track: InertialTrack, from start: Double, to end: Double, gyroscopeBias: SIMD3<Double> = .zero,
    accelerometerBias: SIMD3<Double> = .zero, noise: InertialNoise = InertialNoise()
  ) {
    self.gyroscopeBias = gyroscopeBias
    self.accelerometerBias = accelerometerBias
    var result = self
    let isCovered = track.forEachPiece(from: start, to: end) { duration, angularVelocity, specificForce in
      result.append(duration, angularVelocity - gyroscopeBias, specificForce - accelerometerBias, noise)
    }
    guard isCovered else { return nil }
    self = result
  }

  private mutating func append(
    _ dt: Double, _ rate: SIMD3<Double>, _ force: SIMD3<Double>, _ noise: InertialNoise
  ) {
    let (halfTurn, turn) = (SO3.exp(0.5 * dt * rate), SO3.exp(dt * rate))
    let middle = rotation * halfTurn
    let middleMatrix = middle.matrix
    let turnBack = turn.matrix.transposed
    let halfBack = halfTurn.matrix.transposed
    let forceInStart = middle * force
    // ∂(middle · force)/∂θ for θ in the axes of the middle.
    let forceByRotation = -1 * (middleMatrix * Matrix3.skew(force))

    propagateCovariance(dt, turnBack, dt * (forceByRotation * halfBack), noise)

    let middleByGyroscope = halfBack * rotationByGyroscope + (-0.5 * dt) * SO3.rightJacobian(0.5 * dt * rate)
    let forceByGyroscope = forceByRotation * middleByGyroscope
    positionByGyroscope = positionByGyroscope + dt * velocityByGyroscope + (0.5 * dt * dt) * forceByGyroscope
    positionByAccelerometer = positionByAccelerometer + dt * velocityByAccelerometer + (-0.5 * dt * dt) * middleMatrix
    velocityByGyroscope = velocityByGyroscope + dt * forceByGyroscope
    velocityByAccelerometer = velocityByAccelerometer + (-dt) * middleMatrix
    rotationByGyroscope = turnBack * rotationByGyroscope + (-dt) * SO3.rightJacobian(dt * rate)

    position += dt * velocity + 0.5 * dt * dt * forceInStart
    velocity += dt * forceInStart
    rotation = rotation * turn
    duration += dt
  }

  /// θ' = Φ·θ, v' = v + M·θ, p' = p + v·dt + ½·dt·M·θ, and white noise on each piece.
  private mutating func propagateCovariance(_ dt: Double, _ phi: Matrix3, _ m: Matrix3, _ noise: InertialNoise) {
    let c = covariance
    let gyroscope = noise.gyroscopeDensity * noise.gyroscopeDensity * dt
    let accelerometer = noise.accelerometerDensity * noise.accelerometerDensity * dt
    let mt = m.transposed
    let rotationM = c.rotationRotation * mt
    let mVelocity = m * c.rotationVelocity
    let mPosition = m * c.rotationPosition
    let mm = m * rotationM
    covariance.rotationRotation = phi * c.rotationRotation * phi.transposed + gyroscope * .identity
    covariance.rotationVelocity = phi * (c.rotationVelocity + rotationM)
    covariance.rotationPosition = phi * (c.rotationPosition + dt * c.rotationVelocity + (0.5 * dt) * rotationM)
    covariance.velocityVelocity =
      c.velocityVelocity + mVelocity + mVelocity.transposed + mm + accelerometer * .identity
    covariance.velocityPosition =
      c.velocityPosition + dt * c.velocityVelocity + (0.5 * dt) * mVelocity.transposed + mPosition + dt * mVelocity
      + (0.5 * dt) * mm + (0.5 * dt * accelerometer) * .identity
    let cross =
      dt * c.velocityPosition + (0.5 * dt) * mPosition + (0.5 * dt * dt) * mVelocity
    covariance.positionPosition =
      c.positionPosition + cross + cross.transposed + (dt * dt) * c.velocityVelocity + (0.25 * dt * dt) * mm
      + (0.25 * dt * dt * accelerometer) * .identity
  }

  /// The changes for biases near those that were taken off, to first order.
  package func corrected(
    gyroscopeBias: SIMD3<Double>, accelerometerBias: SIMD3<Double>
  ) -> (rotation: SO3, velocity: SIMD3<Double>, position: SIMD3<Double>) {
    let (gyroscope, accelerometer) = (gyroscopeBias - self.gyroscopeBias, accelerometerBias - self.accelerometerBias)
    return (
      rotation * .exp(rotationByGyroscope * gyroscope),
      velocity + velocityByGyroscope * gyroscope + velocityByAccelerometer * accelerometer,
      position + positionByGyroscope * gyroscope + positionByAccelerometer * accelerometer
    )
  }
}

extension Matrix3 {
  static let zero = Matrix3(.zero, .zero, .zero)

  var trace: Double { columns.0.x + columns.1.y + columns.2.z }
}

extension SO3 {
  /// The right Jacobian, `J` with `exp(v + δ) ≈ exp(v) · exp(J(v)·δ)`.
  static func rightJacobian(_ rotationVector: SIMD3<Double>) -> Matrix3 { leftJacobian(-rotationVector) }

  static func inverseRightJacobian(_ rotationVector: SIMD3<Double>) -> Matrix3 { inverseLeftJacobian(-rotationVector) }
}
