import Geometry

extension InertialBatch {
  /// Values of all unknowns.
  package struct State {
    var rotations: [SO3]
    var positions: [SIMD3<Double>]
    var velocities: [SIMD3<Double>]
    /// ln(metres per unit)
    var logScale: Double
    /// A rotation that takes −z to gravity's direction; its x and y axes span the tangent plane.
    var gravityRotation: SO3
    var accelerometerBias = SIMD3<Double>.zero
    var gyroscopeBias: SIMD3<Double>
    /// Seconds, on top of the offset by which the IMU's readings were taken.
    var timeOffset = 0.0
    /// imuFromCamera
    var mounting: SO3

    var scale: Double { exponential(logScale) }
    /// Unit vector in the world.
    var gravity: SIMD3<Double> { gravityRotation * SIMD3(0, 0, -1) }
  }

  /// How large the errors are: what the estimate finds out about its measurements.
  package struct Weights {
    /// What steps of the camera err by, one axis, units of the world for a second; grows with the root of time.
    var driftDensity: Double
    /// What its turns err by, one axis, radians for a second; grows with the root of time.
    var turnDensity: Double
    /// How many times larger the accelerometer's errors are than its noise says.
    var accelerometerInflation = 1.0

    /// What a good camera shows in a room; the residuals soon tell better.
    package init(scale: Double) {
      driftDensity = 0.015 / scale
      turnDensity = 0.003
    }
  }

  /// The state that follows from the camera's path with a guess of scale and gravity.
  package func initialState(_ guess: LinearScale) -> State {
    let rotations = keys.indices.map(worldFromIMU)
    let lever = imuFromCamera.translation
    let positions = zip(keys, rotations).map { guess.scale * $0.worldFromCamera.translation - $1 * lever }
    let velocities = keys.indices.map { index in
      let (a, b) = (max(0, index - 1), min(keys.count - 1, index + 1))
      return (positions[b] - positions[a]) / (keys[b].time - keys[a].time)
    }
    let down = guess.gravity.norm > 0 ? guess.gravity.normalized : SIMD3(0, 0, -1)
    return State(
      rotations: rotations, positions: positions, velocities: velocities, logScale: logarithm(guess.scale),
      gravityRotation: .shortest(from: SIMD3(0, 0, -1), to: down), accelerometerBias: prior.accelerometerBias,
      gyroscopeBias: prior.gyroscopeBias, timeOffset: prior.timeOffset, mounting: prior.mounting)
  }

  /// Where things fall in the map that the camera made: the mean over its keys, since maps bend.
  func gravityInMap(_ state: State) -> SIMD3<Double> {
    let mounting = state.mounting.inverse
    let sum = keys.indices.reduce(.zero) { sum, index in
      sum + keys[index].worldFromCamera.rotation * (mounting * (state.rotations[index].inverse * state.gravity))
    }
    return sum.norm > 0 ? sum.normalized : state.gravity
  }

  /// - Parameters:
  ///   - chain: nine values for each key.
  ///   - border: as ``Border`` says.
  package func moved(_ state: State, chain: [Double], border: [Double]) -> State {
    var next = state
    func vector(_ values: [Double], _ at: Int) -> SIMD3<Double> { SIMD3(values[at], values[at + 1], values[at + 2]) }
    for index in keys.indices {
      next.rotations[index] = state.rotations[index] * .exp(vector(chain, 9 * index))
      next.positions[index] += vector(chain, 9 * index + 3)
      next.velocities[index] += vector(chain, 9 * index + 6)
    }
    next.logScale += max(-1, min(1, border[Border.scale]))
    next.gravityRotation =
      state.gravityRotation * .exp(SIMD3(border[Border.gravity], border[Border.gravity + 1], 0))
    next.accelerometerBias += vector(border, Border.accelerometerBias)
    next.gyroscopeBias += vector(border, Border.gyroscopeBias)
    next.timeOffset += border[Border.timeOffset]
    next.mounting = .exp(vector(border, Border.mounting)) * state.mounting
    return next
  }
}

extension SO3 {
  /// The rotation by the smallest angle that takes one unit vector to another.
  static func shortest(from a: SIMD3<Double>, to b: SIMD3<Double>) -> SO3 {
    let axis = a.cross(b)
    let cosine = a.dot(b)
    if cosine > -0.999999 { return SO3(x: axis.x, y: axis.y, z: axis.z, w: 1 + cosine) }
    // Opposite: half a turn about any axis across.
    let across = abs(a.x) < 0.9 ? a.cross(SIMD3(1, 0, 0)) : a.cross(SIMD3(0, 1, 0))
    return SO3(angle: .pi, axis: across)
  }
}
