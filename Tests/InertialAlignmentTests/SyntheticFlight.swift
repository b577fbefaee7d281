import Foundation
import Geometry
import InertialAlignment
import MediaModel
import TestSupport

/// A smooth path with exact readings of an IMU: a sum of sines for position and for roll, pitch and yaw.
struct SyntheticFlight {
  /// Amplitude in metres, rad/s, and phase of one swing.
  struct Swing {
    var amplitude: Double
    var frequency: Double
    var phase: Double

    func value(_ t: Double) -> Double { amplitude * sin(frequency * t + phase) }
    func velocity(_ t: Double) -> Double { amplitude * frequency * cos(frequency * t + phase) }
    func acceleration(_ t: Double) -> Double { -amplitude * frequency * frequency * sin(frequency * t + phase) }
  }

  static let gravity = SIMD3(0, 0, -9.80665)
  static let imuFromCamera = SE3(
    rotation: SO3(angle: 1.5, axis: SIMD3(0.2, -0.3, 1)), translation: SIMD3(0.05, -0.03, 0.02))

  var seconds = 12.0
  /// Metres per unit of the world that the camera reports.
  var scale = 1.0
  /// imuTime = cameraTime + offset, seconds.
  var offset = 0.0
  var gyroscopeBias = SIMD3(0.01, -0.02, 0.015)
  var accelerometerBias = SIMD3(0.08, -0.05, 0.1)
  /// Whether sensors and camera err as EuRoC's do.
  var hasNoise = true
  /// What errors of the camera add up to: metres and radians for a second, growing with the root of time.
  var drift = 0.0
  var turnDrift = 0.0
  /// How far it swings; 0 hovers, with millimetres of motion.
  var motion = 1.0
  var turning = 1.0
  var steady = SIMD3<Double>.zero
  var seed: UInt64 = 1
  /// Of the world that the camera reports against one with z up.
  var worldTilt = SO3(angle: 2, axis: SIMD3(1, 0.4, -0.2))

  private static let swings: [[Swing]] = [
    [Swing(amplitude: 0.6, frequency: 1.9, phase: 0), Swing(amplitude: 0.2, frequency: 4.3, phase: 1)],
    [Swing(amplitude: 0.5, frequency: 2.4, phase: 0.7), Swing(amplitude: 0.15, frequency: 5.1, phase: 2)],
    [Swing(amplitude: 0.4, frequency: 1.5, phase: 1.9), Swing(amplitude: 0.1, frequency: 6.2, phase: 0.3)],
  ]
  private static let turns = [
    Swing(amplitude: 0.3, frequency: 1.7, phase: 0.4), Swing(amplitude: 0.25, frequency: 2.3, phase: 1.1),
    Swing(amplitude: 0.5, frequency: 1.1, phase: 2.2),
  ]

  private func position(_ t: Double) -> SIMD3<Double> {
    let swung = SIMD3(Self.swings.map { $0.reduce(0) { $0 + $1.value(t + Double(seed)) } })
    return motion * swung + t * steady
  }

  private func acceleration(_ t: Double) -> SIMD3<Double> {
    motion * SIMD3(Self.swings.map { $0.reduce(0) { $0 + $1.acceleration(t + Double(seed)) } })
  }

  private func rotation(_ t: Double) -> SO3 {
    let angles = Self.turns.map { turning * $0.value(t + Double(seed)) }
    return SO3(angle: angles[2], axis: SIMD3(0, 0, 1)) * SO3(angle: angles[1], axis: SIMD3(0, 1, 0))
      * SO3(angle: angles[0], axis: SIMD3(1, 0, 0))
  }

  private func angularVelocity(_ t: Double) -> SIMD3<Double> {
    let h = 1e-4
    return (rotation(t - h).inverse * rotation(t + h)).log / (2 * h)
  }

  /// The true pose of the camera, metric, z up.
  func metricPose(_ t: Double) -> SE3 {
    SE3(rotation: rotation(t), translation: position(t)) * Self.imuFromCamera
  }

  func poses(rate: Double = 20) -> [TimedPose] {
    var generator = SeededGenerator(seed: seed)
    var drifts = SeededGenerator(seed: seed + 2000)
    // World as the camera believes it to be from the true one.
    var (believed, last) = (SE3.identity, metricPose(0))
    return (0..<Int(seconds * rate)).map { index in
      let t = Double(index) / rate
      let now = metricPose(t)
      if drift > 0 || turnDrift > 0 {
        let root = (1 / rate).squareRoot()
        let error = SE3(
          rotation: .exp(turnDrift * root * normal3(&drifts)), translation: drift * root * normal3(&drifts))
        let step = last.inverse * now
        believed =
          believed * last
          * SE3(
            rotation: step.rotation * error.rotation, translation: step.translation + error.translation) * now.inverse
        last = now
      }
      var pose = believed * now
      if hasNoise {
        pose.translation += 0.002 * normal3(&generator)
        pose.rotation = pose.rotation * .exp(0.0007 * normal3(&generator))
      }
      let worldFromCamera = SE3(
        rotation: worldTilt * pose.rotation, translation: worldTilt * pose.translation / scale + SIMD3(3, -2, 1))
      return TimedPose(nanos: nanos(t), worldFromCamera: worldFromCamera)
    }
  }

  func samples(rate: Double = 200) -> [IMUSample] {
    var generator = SeededGenerator(seed: seed + 1000)
    return (0..<Int((seconds + 2) * rate)).map { index in
      let t = Double(index) / rate - 1
      var rate3 = angularVelocity(t) + gyroscopeBias
      var force = rotation(t).inverse * (acceleration(t) - Self.gravity) + accelerometerBias
      if hasNoise {
        rate3 += 0.00017 * rate.squareRoot() * normal3(&generator)
        force += 0.002 * rate.squareRoot() * normal3(&generator)
      }
      return IMUSample(timestampNanos: nanos(t + offset), gyroscopeRadPerSec: rate3, accelerometerMPerSec2: force)
    }
  }

  var options: InertialOptions { InertialOptions(imuFromCamera: Self.imuFromCamera) }

  func alignment() -> MetricAlignment? {
    InertialAlignment.estimate(poses: poses(), samples: samples(), options: options)
  }

  /// Where things fall, in the world that the camera reports.
  var gravityInWorld: SIMD3<Double> { worldTilt * SIMD3(0, 0, -1) }

  private func nanos(_ t: Double) -> Int64 { 1_700_000_000_000_000_000 + Int64((t * 1e9).rounded()) }
}

/// Three numbers of the standard normal distribution, each by the sum of twelve even ones.
func normal3(_ generator: inout SeededGenerator) -> SIMD3<Double> {
  func one() -> Double { (0..<12).reduce(-6.0) { sum, _ in sum + Double.random(in: 0..<1, using: &generator) } }
  return SIMD3(one(), one(), one())
}

func angle(_ a: SIMD3<Double>, _ b: SIMD3<Double>) -> Double { acos(max(-1, min(1, a.dot(b) / (a.norm * b.norm)))) }
