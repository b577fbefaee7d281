import Geometry
import MediaModel

/// The satellite receiver of the simulated drone, at the camera.
///
/// A fix is truth plus an error that drifts over a minute (atmosphere, geometry; a Gauss–Markov process) plus white
/// noise.
public struct SatelliteReceiver: Sendable {
  /// Fixes a second.
  public static let rateHz = 5
  /// Nanoseconds from fix to fix.
  public static let periodNanos: Int64 = 1_000_000_000 / Int64(rateHz)
  /// Standard deviations, metres: of the drifting error and of the white one, east, north and up.
  public static let drift = SIMD3<Double>(0.9, 0.9, 1.6)
  public static let noise = SIMD3<Double>(0.25, 0.25, 0.4)
  /// Time in which the drifting error forgets 63 % of itself, seconds.
  public static let driftSeconds = 60.0
  /// Standard deviation of speed, m/s.
  public static let speedNoise = 0.06

  /// Where the world's origin lies on Earth.
  public static let worldOrigin = GeodeticPosition(
    latitudeDegrees: 47.397742, longitudeDegrees: 8.545594, altitudeMetres: 488)

  private let seed: UInt64
  private let plane = LocalTangentPlane(origin: worldOrigin)
  private var nextIndex: Int64 = 0
  private var error = SIMD3<Double>.zero

  init(seed: UInt64) {
    self.seed = seed
    restart()
  }

  /// The fixes with `from` ≤ time < `to`, in nanoseconds of flight time.
  mutating func samples(from: Int64, to: Int64, along path: FlightPath) -> [GPSSample] {
    let first = max(0, (from + Self.periodNanos - 1) / Self.periodNanos)
    let last = max(first, (to + Self.periodNanos - 1) / Self.periodNanos)
    if first < nextIndex { restart() }
    while nextIndex < first { _ = errors() }
    return (first..<last).map { index in fix(index, along: path) }
  }

  private mutating func fix(_ index: Int64, along path: FlightPath) -> GPSSample {
    let nanos = index * Self.periodNanos
    let state = path.state(at: Double(nanos) / 1e9)
    let errors = errors()
    let place = plane.geodetic(fromLocal: state.worldFromCamera.translation + errors.place)
    let velocity = state.velocity + errors.velocity
    var heading = arcTangent(velocity.x, velocity.y) * 180 / .pi
    if heading < 0 { heading += 360 }
    return GPSSample(
      timestampNanos: nanos, latitudeDegrees: place.latitudeDegrees, longitudeDegrees: place.longitudeDegrees,
      altitudeMetres: place.altitudeMetres, accuracyMetres: 1.4,
      speedMPerSec: (velocity.x * velocity.x + velocity.y * velocity.y).squareRoot(), headingDegrees: heading)
  }

  private mutating func restart() {
    var random = SeededRandom(seed: seed, stream: 6)
    nextIndex = 0
    error = SIMD3(random.gaussian(), random.gaussian(), random.gaussian()) * Self.drift
  }

  private mutating func errors() -> (place: SIMD3<Double>, velocity: SIMD3<Double>) {
    var random = SeededRandom(seed: seed &+ 7, stream: UInt64(bitPattern: nextIndex))
    nextIndex += 1
    func gaussian() -> SIMD3<Double> { SIMD3(random.gaussian(), random.gaussian(), random.gaussian()) }
    let place = error + gaussian() * Self.noise
    let velocity = gaussian() * Self.speedNoise
    let keep = exponential(-1 / (Self.driftSeconds * Double(Self.rateHz)))
    error = error * keep + gaussian() * Self.drift * (1 - keep * keep).squareRoot()
    return (place, velocity)
  }
}
