import MediaModel
import Geometry
import MediaModel
import Simulation
import Testing

@Suite struct FlightPathTests {
  private let path = FlightPath(seed: 5)

  @Test func derivativesAreThoseOfThePath() {
    let h = 1e-4
    for time in stride(from: 0.37, to: path.lapSeconds * 1.1, by: 3.71) {
      let (before, now, after) = (path.state(at: time - h), path.state(at: time), path.state(at: time + h))
      func slope(_ value: (FlightState) -> SIMD3<Double>) -> SIMD3<Double> { (value(after) - value(before)) / (2 * h) }
      #expect((slope { $0.worldFromCamera.translation } - now.velocity).norm < 1e-6)
      #expect((slope { $0.velocity } - now.acceleration).norm < 1e-6)
      #expect((slope { $0.angularVelocity } - now.angularAcceleration).norm < 1e-6)
      let turn = (before.worldFromCamera.rotation.inverse * after.worldFromCamera.rotation).log / (2 * h)
      #expect((turn - now.angularVelocity).norm < 1e-6)
    }
  }

  @Test(arguments: [1, 2, 99] as [UInt64]) func fliesLikeADrone(seed: UInt64) {
    let path = FlightPath(seed: seed)
    let world = FlightWorld(seed: seed)
    for time in stride(from: 0, to: path.lapSeconds * 1.5, by: 0.25) {
      let state = path.state(at: time)
      #expect(state.acceleration.norm < 4)
      #expect(state.angularVelocity.norm < 1)
      #expect(state.velocity.norm < 12)
      #expect(state.worldFromCamera.translation.z > 1.5)
      #expect(world.clearance(of: state.worldFromCamera.translation) > 2.5, "at \(time) s")
      // The camera looks down by 8 to 40 degrees and does not roll far.
      let axes = state.worldFromCamera.rotation.matrix
      #expect((-0.65 ... -0.13).contains(axes.columns.2.z), "pitch at \(time) s")
      #expect(abs(axes.columns.0.z) < 0.2, "roll at \(time) s")
    }
  }

  @Test func comesBackToPlacesInTheSameDirection() {
    // Within a lap, not counting the moments around the place itself.
    let states = stride(from: 0, to: path.lapSeconds, by: 0.5).map { path.state(at: $0) }
    var revisits = 0
    for (index, now) in states.enumerated() {
      let returns = states[(index + 1)...].dropFirst(60).contains { later in
        let offset = later.worldFromCamera.translation - now.worldFromCamera.translation
        let turn = (now.worldFromCamera.rotation.inverse * later.worldFromCamera.rotation).angle
        return offset.norm < 3 && turn < 0.35
      }
      if returns { revisits += 1 }
    }
    #expect(revisits > 10)
    // And every lap flies the same tour, up to the wind.
    for time in stride(from: 0, to: path.lapSeconds, by: 10) {
      let (first, second) = (path.state(at: time), path.state(at: time + path.lapSeconds))
      let offset = (first.worldFromCamera.translation - second.worldFromCamera.translation).norm
      #expect(offset < 1)
      #expect(offset > 1e-4, "laps differ by the wind")
    }
  }
}

@Suite struct SensorTests {
  private static let world = FlightWorld(seed: 3)
  private let flight = FlightSimulation(world: world, resolution: .init(width: 64, height: 36))

  @Test func idealReadingIsWhatTheBodyFeels() {
    // The unit's own motion, differentiated twice, without the formulas of rigid bodies.
    let path = flight.path
    func worldFromImu(_ time: Double) -> SE3 {
      path.state(at: time).worldFromCamera * InertialSensor.imuFromCamera.inverse
    }
    let h = 1e-3
    for time in stride(from: 1.0, to: 200, by: 7.3) {
      let (before, now, after) = (worldFromImu(time - h), worldFromImu(time), worldFromImu(time + h))
      let acceleration = (before.translation + after.translation - 2 * now.translation) / (h * h)
      let specificForce = now.rotation.inverse * (acceleration + SIMD3(0, 0, InertialSensor.gravity))
      let turning = (before.rotation.inverse * after.rotation).log / (2 * h)
      let reading = InertialSensor.idealReading(of: path.state(at: time))
      #expect((reading.accelerometer - specificForce).norm < 1e-4)
      #expect((reading.gyroscope - turning).norm < 1e-5)
    }
  }

  @Test func noiseHasTheDocumentedDensity() {
    let samples = flight.imuSamples(from: 0, to: 20_000_000_000)
    #expect(samples.count == 4000)
    var gyroscope = 0.0
    var accelerometer = 0.0
    var previous: (SIMD3<Double>, SIMD3<Double>)?
    for (index, sample) in samples.enumerated() {
      #expect(sample.timestampNanos == Int64(index) * 5_000_000)
      let ideal = InertialSensor.idealReading(of: flight.path.state(at: Double(sample.timestampNanos) / 1e9))
      let error = (
        sample.gyroscopeRadPerSec - ideal.gyroscope, sample.accelerometerMPerSec2 - ideal.accelerometer
      )
      // Differences of neighbours hold twice the white noise, and next to nothing of the bias.
      if let previous {
        gyroscope += ((error.0 - previous.0) * (error.0 - previous.0)).sum()
        accelerometer += ((error.1 - previous.1) * (error.1 - previous.1)).sum()
      }
      previous = error
      #expect(error.0.norm < 0.05 && error.1.norm < 0.5)
    }
    let terms = Double(6 * (samples.count - 1))
    let rate = Double(InertialSensor.rateHz).squareRoot()
    // 12,000 terms: the deviation is known to 1 %.
    #expect(abs((gyroscope / terms).squareRoot() / (InertialSensor.gyroscopeNoiseDensity * rate) - 1) < 0.05)
    #expect(abs((accelerometer / terms).squareRoot() / (InertialSensor.accelerometerNoiseDensity * rate) - 1) < 0.05)
  }

  @Test func samplesDoNotDependOnHowTheyAreAskedFor() {
    let whole = flight.imuSamples(from: 0, to: 2_000_000_000)
    let parts = [0, 333_333_333, 333_333_334, 1_500_000_000, 2_000_000_000] as [Int64]
    let pieces = zip(parts, parts.dropFirst()).flatMap { flight.imuSamples(from: $0, to: $1) }
    #expect(pieces == whole)
    #expect(flight.imuSamples(from: 1_000_000_000, to: 1_005_000_001) == Array(whole[200...201]))
    let fixes = flight.gpsSamples(from: 0, to: 10_000_000_000)
    #expect(fixes.count == 50)
    #expect(flight.gpsSamples(from: 4_000_000_000, to: 4_000_000_001) == [fixes[20]])
  }

  @Test func fixesAreNearTheTruth() {
    let plane = LocalTangentPlane(origin: SatelliteReceiver.worldOrigin)
    for fix in flight.gpsSamples(from: 0, to: 120_000_000_000) {
      let truth = flight.path.state(at: Double(fix.timestampNanos) / 1e9)
      let place = plane.local(
        from: GeodeticPosition(
          latitudeDegrees: fix.latitudeDegrees, longitudeDegrees: fix.longitudeDegrees,
          altitudeMetres: fix.altitudeMetres))
      let error = place - truth.worldFromCamera.translation
      #expect(error.norm < 8)
      #expect(error.norm > 1e-3)
      let speed = (truth.velocity * SIMD3(1, 1, 0)).norm
      #expect(abs(fix.speedMPerSec - speed) < 0.4)
      #expect((0..<360).contains(fix.headingDegrees))
    }
  }
}
