import Geometry
import MediaModel

/// The inertial measurement unit of the simulated drone, fixed to the camera.
///
/// A reading is truth plus bias plus white noise. Densities are those of a good MEMS unit; a sample's noise depends on
/// seed and sample number only, so any way of asking for samples gives the same ones.
public struct InertialSensor: Sendable {
  /// Readings a second.
  public static let rateHz = 200
  /// Nanoseconds from reading to reading.
  public static let periodNanos: Int64 = 1_000_000_000 / Int64(rateHz)
  /// White noise of the gyroscope, rad/s/√Hz.
  public static let gyroscopeNoiseDensity = 1.7e-4
  /// Random walk of the gyroscope's bias, rad/s²/√Hz.
  public static let gyroscopeRandomWalk = 2.0e-5
  /// White noise of the accelerometer, m/s²/√Hz.
  public static let accelerometerNoiseDensity = 2.0e-3
  /// Random walk of the accelerometer's bias, m/s³/√Hz.
  public static let accelerometerRandomWalk = 3.0e-4
  /// Standard deviation of the biases at the start, rad/s and m/s².
  public static let initialBias = (gyroscope: 0.004, accelerometer: 0.05)
  /// Gravity, m/s², along −z of the world.
  public static let gravity = 9.81

  /// IMU axes: x forward (along the camera's view), y left, z up in the picture. The camera sits 4.5 cm in front of
  /// the unit and 1.8 cm below it.
  public static let imuFromCamera = SE3(
    rotation: SO3(matrix: Matrix3(SIMD3(0, -1, 0), SIMD3(0, 0, -1), SIMD3(1, 0, 0))),
    translation: SIMD3(0.045, 0, -0.018))

  private let seed: UInt64
  private var nextIndex: Int64 = 0
  private var gyroscopeBias = SIMD3<Double>.zero
  private var accelerometerBias = SIMD3<Double>.zero

  init(seed: UInt64) {
    self.seed = seed
    restart()
  }

  /// What an ideal unit measures in a state of the camera.
  public static func idealReading(of state: FlightState) -> (gyroscope: SIMD3<Double>, accelerometer: SIMD3<Double>) {
    let cameraFromImu = imuFromCamera.inverse
    let rotation = state.worldFromCamera.rotation
    // The unit sits at `arm` in camera axes, so it also feels the camera's turning.
    let arm = cameraFromImu.translation
    let (omega, alpha) = (state.angularVelocity, state.angularAcceleration)
    let turning = alpha.cross(arm) + omega.cross(omega.cross(arm))
    let specificForce = rotation.inverse * (state.acceleration + SIMD3(0, 0, gravity)) + turning
    return (imuFromCamera.rotation * omega, imuFromCamera.rotation * specificForce)
  }

  /// The readings with `from` ≤ time < `to`, in nanoseconds of flight time.
  ///
  /// - Complexity: O(samples) when ranges follow each other; asking for the past again starts over from 0.
  mutating func samples(from: Int64, to: Int64, along path: FlightPath) -> [IMUSample] {
    let first = max(0, (from + Self.periodNanos - 1) / Self.periodNanos)
    let last = max(first, (to + Self.periodNanos - 1) / Self.periodNanos)
    if first < nextIndex { restart() }
    while nextIndex < first { _ = noise() }
    return (first..<last).map { index in
      let nanos = index * Self.periodNanos
      let ideal = Self.idealReading(of: path.state(at: Double(nanos) / 1e9))
      let error = noise()
      return IMUSample(
        timestampNanos: nanos, gyroscopeRadPerSec: ideal.gyroscope + error.gyroscope,
        accelerometerMPerSec2: ideal.accelerometer + error.accelerometer)
    }
  }

  private mutating func restart() {
    var random = SeededRandom(seed: seed, stream: 4)
    nextIndex = 0
    gyroscopeBias = Self.gaussian(&random) * Self.initialBias.gyroscope
    accelerometerBias = Self.gaussian(&random) * Self.initialBias.accelerometer
  }

  /// Error of the next reading; moves the biases on.
  private mutating func noise() -> (gyroscope: SIMD3<Double>, accelerometer: SIMD3<Double>) {
    var random = SeededRandom(seed: seed &+ 5, stream: UInt64(bitPattern: nextIndex))
    nextIndex += 1
    let perSample = Double(Self.rateHz).squareRoot()
    let gyroscope = gyroscopeBias + Self.gaussian(&random) * (Self.gyroscopeNoiseDensity * perSample)
    let accelerometer = accelerometerBias + Self.gaussian(&random) * (Self.accelerometerNoiseDensity * perSample)
    gyroscopeBias += Self.gaussian(&random) * (Self.gyroscopeRandomWalk / perSample)
    accelerometerBias += Self.gaussian(&random) * (Self.accelerometerRandomWalk / perSample)
    return (gyroscope, accelerometer)
  }

  private static func gaussian(_ random: inout SeededRandom) -> SIMD3<Double> {
    SIMD3(random.gaussian(), random.gaussian(), random.gaussian())
  }
}
