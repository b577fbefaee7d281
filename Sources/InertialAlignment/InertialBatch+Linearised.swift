import Geometry

extension InertialBatch {
  /// Beyond this many deviations a measurement counts less (Huber): of three values together, and of six.
  private static let limitOfThree = 3.0
  private static let limitOfSix = 4.5

  /// The normal equations at a state, and the cost there.
  func linearised(_ state: State, _ weights: Weights) -> (system: BorderedBandSystem, cost: Double) {
    var system = BorderedBandSystem(size: 9 * keys.count, bandwidth: 17, border: Border.count)
    var cost = 0.0
    var camera = JacobianRows(rows: 6, width: 9, border: Border.camera)
    for index in keys.indices {
      fillCamera(&camera, index, state, weights)
      cost += camera.weigh(0..<3, limit: Self.limitOfThree) + camera.weigh(3..<6, limit: Self.limitOfThree)
      system.add(camera, start: 9 * index)
    }
    var inertial = JacobianRows(rows: 9, width: 18, border: Border.inertial)
    for (index, factor) in factors.enumerated() {
      guard let factor else { continue }
      fillInertial(&inertial, index, factor, state, weights)
      cost += inertial.weigh(0..<3, limit: Self.limitOfThree) + inertial.weigh(3..<9, limit: Self.limitOfSix)
      system.add(inertial, start: 9 * index)
    }
    cost += addPriors(&system, state)
    return (system, cost)
  }

  /// What the camera measured at a key: λ·(p + R·lever) against its position, Rᵀ against its rotation, at the time
  /// of the picture.
  package func fillCamera(_ rows: inout JacobianRows, _ index: Int, _ state: State, _ weights: Weights) {
    let key = keys[index].worldFromCamera
    let rate = rates[index] - state.gyroscopeBias
    let rotation = state.rotations[index] * .exp(state.timeOffset * rate)
    let lever = imuFromCamera.translation
    let inverseScale = exponential(-state.logScale)
    let point = state.positions[index] + state.timeOffset * state.velocities[index] + rotation * lever
    let weight = 1 / weights.positionDeviation
    rows.set(0, residual: weight * (key.translation - inverseScale * point))
    rows.set(0, 0, (weight * inverseScale) * (rotation.matrix * Matrix3.skew(lever)))
    rows.set(0, 3, (-weight * inverseScale) * .identity)
    rows.set(0, 6, (-weight * inverseScale * state.timeOffset) * .identity)
    rows.set(0, rows.column(ofBorder: Border.scale), weight * inverseScale * point)
    let velocity = state.velocities[index] + rotation * rate.cross(lever)
    rows.set(0, rows.column(ofBorder: Border.timeOffset), -weight * inverseScale * velocity)

    let error = (key.rotation.inverse * rotation * state.mounting).log
    let turnWeight = 1 / weights.rotationDeviation
    let byRotation = turnWeight * (SO3.inverseRightJacobian(error) * state.mounting.matrix.transposed)
    rows.set(3, residual: turnWeight * error)
    rows.set(3, 0, byRotation)
    rows.set(3, rows.column(ofBorder: Border.mounting), byRotation)
    rows.set(3, rows.column(ofBorder: Border.timeOffset), byRotation * rate)
  }

  /// What the IMU measured between a key and the next (Forster et al. 2017, eq. 45 and appendix C).
  package func fillInertial(
    _ rows: inout JacobianRows, _ index: Int, _ factor: InertialFactor, _ state: State, _ weights: Weights
  ) {
    let dt = factor.duration
    let change = factor.preintegration.corrected(
      gyroscopeBias: state.gyroscopeBias, accelerometerBias: state.accelerometerBias)
    let (first, second) = (state.rotations[index], state.rotations[index + 1])
    let back = first.inverse
    let backMatrix = back.matrix
    let gravity = options.gravityMagnitude * state.gravity
    let velocity =
      back * (state.velocities[index + 1] - state.velocities[index] - dt * gravity)
    let position =
      back
      * (state.positions[index + 1] - state.positions[index] - dt * state.velocities[index] - 0.5 * dt * dt * gravity)

    let error = (change.rotation.inverse * back * second).log
    let root = (1 / weights.gyroscopeInflation) * factor.rotationRoot
    let inverseJacobian = root * SO3.inverseRightJacobian(error)
    let biasTurn =
      factor.preintegration.rotationByGyroscope * (state.gyroscopeBias - factor.preintegration.gyroscopeBias)
    rows.set(0, residual: root * error)
    rows.set(0, 0, -1 * (inverseJacobian * (second.inverse * first).matrix))
    rows.set(0, 9, inverseJacobian)
    rows.set(
      0, rows.column(ofBorder: Border.gyroscopeBias),
      -1
        * (inverseJacobian * SO3.exp(-error).matrix * SO3.rightJacobian(biasTurn)
          * factor.preintegration.rotationByGyroscope))

    // ∂gravity by turning its rotation about x and y: R·[−z]× has columns R·(x × −z) = R·y and R·(y × −z) = −R·x.
    let gravityByX = options.gravityMagnitude * (state.gravityRotation * SIMD3(0, 1, 0))
    let gravityByY = options.gravityMagnitude * (state.gravityRotation * SIMD3(-1, 0, 0))
    let (byX, byY) = (back * gravityByX, back * gravityByY)
    let scale = 1 / weights.accelerometerInflation
    let (a, b, c) = (scale * factor.motionRoot.a, scale * factor.motionRoot.b, scale * factor.motionRoot.c)
    func put(_ column: Int, _ velocityBlock: Matrix3, _ positionBlock: Matrix3) {
      rows.set(3, column, a * velocityBlock)
      rows.set(6, column, b * velocityBlock + c * positionBlock)
    }
    let (velocityError, positionError) = (velocity - change.velocity, position - change.position)
    rows.set(3, residual: a * velocityError)
    rows.set(6, residual: b * velocityError + c * positionError)
    put(0, .skew(velocity), .skew(position))
    put(3, .zero, -1 * backMatrix)
    put(6, -1 * backMatrix, -dt * backMatrix)
    put(12, .zero, backMatrix)
    put(15, backMatrix, .zero)
    put(
      rows.column(ofBorder: Border.accelerometerBias), -1 * factor.preintegration.velocityByAccelerometer,
      -1 * factor.preintegration.positionByAccelerometer)
    put(
      rows.column(ofBorder: Border.gyroscopeBias), -1 * factor.preintegration.velocityByGyroscope,
      -1 * factor.preintegration.positionByGyroscope)
    for (offset, tangent) in [byX, byY].enumerated() {
      rows.set(3, rows.column(ofBorder: Border.gravity) + offset, a * (-dt * tangent))
      rows.set(6, rows.column(ofBorder: Border.gravity) + offset, b * (-dt * tangent) + c * (-0.5 * dt * dt * tangent))
    }
  }

  /// What is known about the unknowns without any measurement. Velocities below some ten m/s keep those solvable
  /// that no factor touches.
  private func addPriors(_ system: inout BorderedBandSystem, _ state: State) -> Double {
    let mounting = (state.mounting * prior.mounting.inverse).log
    var cost = 0.0
    func add(_ column: Int, _ value: Double, _ deviation: Double) {
      let weight = 1 / max(1e-9, deviation)
      system.addToBorder(column, weight: weight, residual: value)
      cost += weight * value * weight * value
    }
    add(Border.scale, 0, 20)
    add(Border.gravity, 0, 20)
    add(Border.gravity + 1, 0, 20)
    for axis in 0..<3 {
      add(
        Border.accelerometerBias + axis, state.accelerometerBias[axis] - prior.accelerometerBias[axis],
        prior.accelerometerBiasDeviation)
      add(
        Border.gyroscopeBias + axis, state.gyroscopeBias[axis] - prior.gyroscopeBias[axis],
        prior.gyroscopeBiasDeviation)
      add(Border.mounting + axis, mounting[axis], prior.mountingDeviation)
    }
    add(Border.timeOffset, state.timeOffset - prior.timeOffset, prior.timeOffsetDeviation)
    let weight = 1.0 / 30
    for (index, velocity) in state.velocities.enumerated() {
      for axis in 0..<3 { system.addToChain(9 * index + 6 + axis, weight: weight, residual: velocity[axis]) }
      cost += weight * weight * velocity.dot(velocity)
    }
    return cost
  }
}
