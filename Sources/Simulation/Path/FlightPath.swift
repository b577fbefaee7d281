import Geometry

/// Position and attitude of the camera at an instant, with their derivatives.
public struct FlightState: Sendable {
  /// World from camera.
  public var worldFromCamera: SE3
  /// m/s, world axes.
  public var velocity: SIMD3<Double>
  /// m/s², world axes.
  public var acceleration: SIMD3<Double>
  /// rad/s, camera axes.
  public var angularVelocity: SIMD3<Double>
  /// rad/s², camera axes.
  public var angularAcceleration: SIMD3<Double>
}

/// Where the camera of a simulated flight is at any time, exactly, with derivatives.
///
/// The flight makes the same tour again and again, as a closed spline of degree five; wind moves it about by sums of
/// sines whose periods do not divide the lap, so no two laps are alike. World axes: x east, y north, z up.
public struct FlightPath: Sendable {
  private let place: (x: PeriodicSpline, y: PeriodicSpline, z: PeriodicSpline)
  private let heading: PeriodicSpline
  private let pitch: PeriodicSpline
  private let roll: PeriodicSpline
  private let sway: [Sway]

  /// A harmonic motion: amplitude · sin(rate · t + phase).
  private struct Sway {
    var amplitude: Double
    var rate: Double
    var phase: Double
  }

  private static let interval = 1.0
  /// Position (3), heading, pitch, roll.
  private static let channels = 6
  private static let harmonics = 3

  /// The path for a seed. Seeds differ in their wind.
  public init(seed: UInt64) {
    let samples = Route.samples(interval: Self.interval)
    func smooth(_ values: [Double], passes: Int, winding: Double = 0) -> [Double] {
      var values = values
      let count = values.count
      for _ in 0..<passes {
        let old = values
        for index in 0..<count {
          let before = index > 0 ? old[index - 1] : old[count - 1] - winding
          let after = index + 1 < count ? old[index + 1] : old[0] + winding
          values[index] = 0.25 * before + 0.5 * old[index] + 0.25 * after
        }
      }
      return values
    }
    func spline(_ values: [Double], passes: Int, winding: Double = 0) -> PeriodicSpline {
      PeriodicSpline(
        interval: Self.interval, points: smooth(values, passes: passes, winding: winding), winding: winding)
    }
    place = (
      spline(samples.map(\.place.x), passes: 1), spline(samples.map(\.place.y), passes: 1),
      spline(samples.map(\.place.z), passes: 2)
    )
    let headings = samples.map(\.heading)
    let turns = ((headings[headings.count - 1] - headings[0]) / (2 * .pi)).rounded()
    heading = spline(headings, passes: 5, winding: turns * 2 * .pi)
    pitch = spline(samples.map(\.pitch), passes: 4)
    roll = spline(Self.rolls(place, count: samples.count), passes: 4)

    var random = SeededRandom(seed: seed, stream: 3)
    let amplitudes = [0.10, 0.10, 0.07, 0.008, 0.006, 0.006]
    sway = (0..<Self.channels * Self.harmonics).map { index in
      let harmonic = index % Self.harmonics
      let amplitude = amplitudes[index / Self.harmonics] / Double(1 << harmonic)
      let rate = [0.55, 1.3, 2.9][harmonic] * Double(random.uniform(0.8, 1.25))
      return Sway(amplitude: amplitude, rate: rate, phase: Double(random.uniform(0, 2 * .pi)))
    }
  }

  /// A little of the bank that the turn would ask of the airframe is left after the gimbal.
  private static func rolls(
    _ place: (x: PeriodicSpline, y: PeriodicSpline, z: PeriodicSpline), count: Int
  ) -> [Double] {
    (0..<count).map { index in
      let time = Double(index) * interval
      let (x, y) = (place.x.evaluate(at: time), place.y.evaluate(at: time))
      let speed = max(1, (x.first * x.first + y.first * y.first).squareRoot())
      let lateral = (x.first * y.second - y.first * x.second) / speed
      return -0.25 * arcTangent(lateral, 9.81)
    }
  }

  /// Length of a lap, seconds. The flight goes on for ever.
  public var lapSeconds: Double { heading.period }

  /// Position, attitude and derivatives at a time in seconds.
  public func state(at time: Double) -> FlightState {
    let (x, y, z) = (channel(0, place.x, time), channel(1, place.y, time), channel(2, place.z, time))
    let (yaw, dip, bank) = (channel(3, heading, time), channel(4, pitch, time), channel(5, roll, time))

    // worldFromCamera = Rz(yaw) · base · Rx(−dip) · Rz(bank): `base` looks along x with the picture upright.
    let base = SO3(matrix: Matrix3(SIMD3(0, -1, 0), SIMD3(0, 0, -1), SIMD3(1, 0, 0)))
    let (ex, ez) = (SIMD3<Double>(1, 0, 0), SIMD3<Double>(0, 0, 1))
    let tilt = SO3(angle: -dip.value, axis: ex)
    let bankRotation = SO3(angle: bank.value, axis: ez)
    let rotation = SO3(angle: yaw.value, axis: ez) * base * tilt * bankRotation

    // Angular velocity in camera axes, from the outermost rotation inwards: turning about world z is turning about
    // −y of the level camera. With ω' = Rᵀω + φ'e, its derivative is Rᵀω̇ + φ''e − φ'e × Rᵀω.
    let down = SIMD3<Double>(0, -1, 0)
    let yawRate = tilt.inverse * (down * yaw.first)
    let tiltRate = yawRate - ex * dip.first
    let tiltAcceleration =
      tilt.inverse * (down * yaw.second) - ex * dip.second + (ex * dip.first).cross(yawRate)
    let bankRate = bankRotation.inverse * tiltRate
    let angularVelocity = bankRate + ez * bank.first
    let angularAcceleration =
      bankRotation.inverse * tiltAcceleration + ez * bank.second - (ez * bank.first).cross(bankRate)

    return FlightState(
      worldFromCamera: SE3(rotation: rotation, translation: SIMD3(x.value, y.value, z.value)),
      velocity: SIMD3(x.first, y.first, z.first), acceleration: SIMD3(x.second, y.second, z.second),
      angularVelocity: angularVelocity, angularAcceleration: angularAcceleration)
  }

  /// Value and two derivatives of a channel, with its wind.
  private func channel(
    _ index: Int, _ spline: PeriodicSpline, _ time: Double
  ) -> (value: Double, first: Double, second: Double) {
    let smooth = spline.evaluate(at: time)
    var result = (value: smooth.value, first: smooth.first, second: smooth.second)
    for wave in sway[index * Self.harmonics..<(index + 1) * Self.harmonics] {
      let angle = wave.rate * time + wave.phase
      let (s, c) = (sine(angle), cosine(angle))
      result.value += wave.amplitude * s
      result.first += wave.amplitude * wave.rate * c
      result.second -= wave.amplitude * wave.rate * wave.rate * s
    }
    return result
  }
}
