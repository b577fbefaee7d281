import Geometry
package import MediaModel

/// Samples in the order of their times, with times in seconds since a base, and what their values are in between.
package struct InertialTrack {
  /// A gap between samples that interpolation must not bridge, seconds.
  static let maximalGap = 0.1

  private(set) var times: [Double] = []
  private(set) var angularVelocities: [SIMD3<Double>] = []
  private(set) var specificForces: [SIMD3<Double>] = []

  /// Sorts the samples by time, and leaves out those that no sensor could give.
  package init(_ samples: [IMUSample], base: Int64) {
    var kept = samples.filter(\.isPlausible)
    let isAscending = zip(kept, kept.dropFirst()).allSatisfy { $0.timestampNanos < $1.timestampNanos }
    if !isAscending { kept.sort { $0.timestampNanos < $1.timestampNanos } }
    for sample in kept {
      let time = seconds(sample.timestampNanos, since: base)
      if let last = times.last, time <= last { continue }
      times.append(time)
      angularVelocities.append(sample.gyroscopeRadPerSec)
      specificForces.append(sample.accelerometerMPerSec2)
    }
  }

  /// The number of the last sample that is not later than `time`.
  /// - Returns: `nil` outside the track.
  func index(at time: Double) -> Int? {
    guard let first = times.first, let last = times.last, time >= first, time <= last else { return nil }
    var (low, high) = (0, times.count - 1)
    while low < high {
      let middle = (low + high + 1) / 2
      if times[middle] <= time { low = middle } else { high = middle - 1 }
    }
    return low
  }

  /// The readings at a time, linear between the samples around it.
  func reading(at time: Double) -> (angularVelocity: SIMD3<Double>, specificForce: SIMD3<Double>)? {
    index(at: time).map { reading(at: time, after: $0) }
  }

  /// The readings at a time that is not before sample `index` nor after the next one.
  func reading(at time: Double, after index: Int) -> (angularVelocity: SIMD3<Double>, specificForce: SIMD3<Double>) {
    guard index + 1 < times.count else { return (angularVelocities[index], specificForces[index]) }
    let fraction = (time - times[index]) / (times[index + 1] - times[index])
    return (
      angularVelocities[index] + fraction * (angularVelocities[index + 1] - angularVelocities[index]),
      specificForces[index] + fraction * (specificForces[index + 1] - specificForces[index])
    )
  }

  /// Calls `body` for each piece between samples from `start` to `end`, with the readings in its middle.
  /// - Returns: whether samples cover the whole time, without a gap.
  func forEachPiece(
    from start: Double, to end: Double,
    _ body: (_ duration: Double, _ angularVelocity: SIMD3<Double>, _ specificForce: SIMD3<Double>) -> Void
  ) -> Bool {
    guard end > start, var index = index(at: start), let last = times.last, end <= last else { return false }
    var time = start
    var reading = reading(at: time, after: index)
    while time < end {
      guard index + 1 < times.count, times[index + 1] - times[index] <= Self.maximalGap else { return false }
      let next = min(end, times[index + 1])
      let nextReading = self.reading(at: next, after: index)
      if next > time {
        body(
          next - time, 0.5 * (reading.angularVelocity + nextReading.angularVelocity),
          0.5 * (reading.specificForce + nextReading.specificForce))
      }
      (time, reading) = (next, nextReading)
      index += 1
    }
    return true
  }
}

/// Times that are farther from zero than this are no times: differences of others never overflow.
let maximalNanos: Int64 = 4_000_000_000_000_000_000

func seconds(_ nanos: Int64, since base: Int64) -> Double { Double(nanos - base) * 1e-9 }

extension SIMD3<Double> {
  var isFinite: Bool { x.isFinite && y.isFinite && z.isFinite }
}

extension IMUSample {
  /// Whether a sensor could have given it: finite, less than 100 rad/s and 1000 m/s².
  var isPlausible: Bool {
    abs(timestampNanos.clamped) < maximalNanos && gyroscopeRadPerSec.isFinite && accelerometerMPerSec2.isFinite
      && gyroscopeRadPerSec.norm < 100 && accelerometerMPerSec2.norm < 1000
  }
}

extension TimedPose {
  /// Whether it is a pose at all: finite, and not a billion units away.
  var isPlausible: Bool {
    let (t, q) = (worldFromCamera.translation, worldFromCamera.rotation.quaternion)
    return abs(nanos.clamped) < maximalNanos && t.isFinite && (q * q).sum().isFinite && t.norm < 1e9
  }
}

extension Int64 {
  /// The value, away from the one that has no magnitude.
  var clamped: Int64 { Swift.max(self, -Int64.max) }
}
