import Geometry

extension InertialBatch {
  /// Beyond this many deviations a measurement counts less (Huber): of three values together, and of six.
  private static let limitOfThree = 3.0
  private static let limitOfSix = 4.5

  /// The normal equations at a state, and the cost there.
  func linearised(_ state: State, _ weights: Weights) -> (system: BorderedBandSystem, cost: Double) {
    var system = BorderedBandSystem(size: 9 * keys.count, bandwidth: 17, border: Border.count)
    var cost = 0.0
    var camera = JacobianRows(rows: 6, width: 18, border: Border.camera)
    for index in factors.indices {
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

  /// What the camera measured between a key and the next: how far it moved, in its own axes at the first, and how far
  /// it turned, from picture to picture.
  ///
  /// What a camera errs by adds up along its path, as points that it knows leave and others come: steps err
  /// independently, with variances that grow with time. Errors of the poses themselves taken as independent would leave
  /// to the IMU what adds up, the more so as a few milliradians turn gravity against the map: the IMU then looks far
  /// worse than it is, and the scale comes out too small.
  package func fillCamera(_ rows: inout JacobianRows, _ index: Int, _ state: State, _ weights: Weights) {
    let (first, second) = (pose(index, state), pose(index + 1, state))
    let root = (keys[index + 1].time - keys[index].time).squareRoot()
    let seen = keys[index].worldFromCamera.inverse * keys[index + 1].worldFromCamera
    let back = first.rotation.inverse
    let (backMatrix, turn) = (back.matrix, back * second.rotation)
    let lever = Matrix3.skew(imuFromCamera.translation)

    let step = state.mounting * seen.translation
    let change = back * (second.camera - first.camera)
    let weight = 1 / (weights.driftDensity * root)
    let inverse = weight * exponential(-state.logScale)
    rows.set(0, residual: weight * step - inverse * change)
    rows.set(0, 0, -inverse * (Matrix3.skew(change) + lever))
    rows.set(0, 3, inverse * backMatrix)
    rows.set(0, 6, (inverse * state.timeOffset) * backMatrix)
    rows.set(0, 9, inverse * (turn.matrix * lever))
    rows.set(0, 12, -inverse * backMatrix)
    rows.set(0, 15, (-inverse * state.timeOffset) * backMatrix)
    rows.set(0, rows.column(ofBorder: Border.scale), inverse * change)
    rows.set(
      0, rows.column(ofBorder: Border.timeOffset),
      -inverse * (back * (second.velocity - first.velocity) - first.rate.cross(change)))
    rows.set(0, rows.column(ofBorder: Border.mounting), -weight * Matrix3.skew(step))

    let error = (seen.rotation.inverse * state.mounting.inverse * turn * state.mounting).log
    let turnWeight = 1 / (weights.turnDensity * root)
    let byTurn = turnWeight * (SO3.inverseRightJacobian(error) * state.mounting.matrix.transposed)
    let turnBack = turn.matrix.transposed
    rows.set(3, residual: turnWeight * error)
    rows.set(3, 0, -1 * (byTurn * turnBack))
    rows.set(3, 9, byTurn)
    rows.set(3, rows.column(ofBorder: Border.mounting), byTurn + -1 * (byTurn * turnBack))
    rows.set(3, rows.column(ofBorder: Border.timeOffset), byTurn * (second.rate - turnBack * first.rate))
  }

  /// The IMU at the time of a key's picture: its orientation and turning, and the camera's place and velocity, metric.
  private func pose(
    _ index: Int, _ state: State
  ) -> (rotation: SO3, rate: SIMD3<Double>, camera: SIMD3<Double>, velocity: SIMD3<Double>) {
    let rate = rates[index] - state.gyroscopeBias
    let rotation = state.rotations[index] * .exp(state.timeOffset * rate)
    let lever = imuFromCamera.translation
    return (
      rotation, rate, state.positions[index] + state.timeOffset * state.velocities[index] + rotation * lever,
      state.velocities[index] + rotation * rate.cross(lever)
    )
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
    let root = factor.rotationRoot
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
    // Steps leave open where the path is, and how it lies: near the camera's pose in the middle, as any would do.
    let middle = keys.count / 2
    let turned = (worldFromIMU(middle).inverse * state.rotations[middle]).log
    for axis in 0..<3 {
      system.addToChain(9 * middle + axis, weight: 1e4, residual: turned[axis])
      system.addToChain(9 * middle + 3 + axis, weight: 1, residual: state.positions[middle][axis])
    }
    cost += 1e8 * turned.dot(turned) + state.positions[middle].dot(state.positions[middle])
    let weight = 1.0 / 30
    for (index, velocity) in state.velocities.enumerated() {
      for axis in 0..<3 { system.addToChain(9 * index + 6 + axis, weight: weight, residual: velocity[axis]) }
      cost += weight * weight * velocity.dot(velocity)
    }
    return cost
  }
}
