import Geometry
import InertialAlignment
import MediaModel
import LinearAlgebra
import TestSupport
import Testing

@Suite struct PreintegrationTests {
  private let flight = SyntheticFlight()

  private func track(_ flight: SyntheticFlight) -> InertialTrack {
    InertialTrack(flight.samples(), base: flight.poses()[0].nanos)
  }

  @Test func followsAnExactPath() throws {
    var flight = flight
    (flight.hasNoise, flight.accelerometerBias, flight.gyroscopeBias) = (false, .zero, .zero)
    let change = try #require(Preintegration(track(flight), from: 2, to: 2.5))
    func body(_ t: Double) -> SE3 { flight.metricPose(t) * SyntheticFlight.imuFromCamera.inverse }
    func velocity(_ t: Double) -> SIMD3<Double> { (body(t + 1e-5).translation - body(t - 1e-5).translation) / 2e-5 }
    let (a, b) = (body(2), body(2.5))
    #expect((change.rotation.inverse * a.rotation.inverse * b.rotation).angle < 1e-5)
    let gravity = SyntheticFlight.gravity
    let expected = a.rotation.inverse * (velocity(2.5) - velocity(2) - 0.5 * gravity)
    #expect((change.velocity - expected).norm < 1e-3)
    let moved = a.rotation.inverse * (b.translation - a.translation - 0.5 * velocity(2) - 0.125 * gravity)
    #expect((change.position - moved).norm < 3e-4)
    #expect(abs(change.duration - 0.5) < 1e-12)
  }

  @Test func derivativesByTheBiasesAreThoseOfIntegratingAgain() throws {
    let track = track(flight)
    let h = 1e-4
    let change = try #require(Preintegration(track, from: 1, to: 1.4))
    for axis in 0..<3 {
      var step = SIMD3<Double>.zero
      step[axis] = h
      let gyroscope = try #require(Preintegration(track, from: 1, to: 1.4, gyroscopeBias: step))
      let first = change.corrected(gyroscopeBias: step, accelerometerBias: .zero)
      #expect((first.rotation.inverse * gyroscope.rotation).angle < 1e-4 * h)
      #expect((first.velocity - gyroscope.velocity).norm < 1e-3 * h)
      #expect((first.position - gyroscope.position).norm < 1e-3 * h)
      let accelerometer = try #require(Preintegration(track, from: 1, to: 1.4, accelerometerBias: step))
      let second = change.corrected(gyroscopeBias: .zero, accelerometerBias: step)
      #expect((second.velocity - accelerometer.velocity).norm < 1e-8)
      #expect((second.position - accelerometer.position).norm < 1e-8)
    }
  }

  @Test func covarianceIsThatOfManyNoisyRuns() throws {
    var exact = flight
    exact.hasNoise = false
    let clean = exact.samples()
    let base = exact.poses()[0].nanos
    let noise = InertialNoise(gyroscopeDensity: 0.01, accelerometerDensity: 0.02)
    let reference = try #require(
      Preintegration(InertialTrack(clean, base: base), from: 1, to: 1.5, noise: noise))
    let window = clean.filter {
      $0.timestampNanos > base + 900_000_000 && $0.timestampNanos < base + 1_600_000_000
    }
    var generator = SeededGenerator(seed: 8)
    var (turns, velocities, positions, cross) = (0.0, 0.0, 0.0, 0.0)
    let runs = 600
    for _ in 0..<runs {
      let noisy = window.map { sample in
        var sample = sample
        sample.gyroscopeRadPerSec += noise.gyroscopeDensity * 200.0.squareRoot() * normal3(&generator)
        sample.accelerometerMPerSec2 += noise.accelerometerDensity * 200.0.squareRoot() * normal3(&generator)
        return sample
      }
      let run = try #require(Preintegration(InertialTrack(noisy, base: base), from: 1, to: 1.5, noise: noise))
      let turn = (reference.rotation.inverse * run.rotation).log
      let (velocity, position) = (run.velocity - reference.velocity, run.position - reference.position)
      turns += turn.dot(turn)
      velocities += velocity.dot(velocity)
      positions += position.dot(position)
      cross += velocity.dot(position)
    }
    let covariance = reference.covariance
    func trace(_ m: Matrix3) -> Double { m[0, 0] + m[1, 1] + m[2, 2] }
    func ratio(_ sum: Double, _ block: Matrix3) -> Double { sum / Double(runs) / trace(block) }
    // 600 runs tell a variance to about 5 %.
    #expect((0.85...1.15).contains(ratio(turns, covariance.rotationRotation)))
    #expect((0.85...1.15).contains(ratio(velocities, covariance.velocityVelocity)))
    #expect((0.85...1.15).contains(ratio(positions, covariance.positionPosition)))
    #expect((0.85...1.15).contains(ratio(cross, covariance.velocityPosition)))
  }

  @Test func endsWhereTheTrackHasGaps() {
    let track = track(flight)
    #expect(Preintegration(track, from: -3, to: 1) == nil)
    #expect(Preintegration(track, from: 1, to: 1) == nil)
    #expect(Preintegration(track, from: 5, to: 500) == nil)
    #expect(Preintegration(InertialTrack([], base: 0), from: 0, to: 1) == nil)
  }
}

@Suite struct InertialBatchTests {
  /// Residuals of a state moved a little against what the Jacobian says.
  @Test func derivativesAreThoseOfDifferences() throws {
    let flight = SyntheticFlight()
    let poses = flight.poses()
    let keys = KeyPose.sorted(poses, base: poses[0].nanos)
    let track = InertialTrack(flight.samples(), base: poses[0].nanos)
    let rotation = try #require(RotationAlignment.estimate(poses: keys, track: track, options: flight.options))
    let batch = try #require(
      InertialBatch(poses: keys, track: track, rotation: rotation, options: flight.options))
    let guess = LinearScale(scale: 1.3, gravity: flight.worldTilt * SIMD3(0.5, 0.2, -9))
    let start = batch.initialState(guess)
    let border = (0..<InertialBatch.Border.count).map { 0.01 * Double($0 + 1) }
    let state = batch.moved(start, chain: [Double](repeating: 0.003, count: 9 * batch.keys.count), border: border)
    let weights = InertialBatch.Weights(scale: 1.3)
    let factor = try #require(batch.factors[4])

    func residuals(_ state: InertialBatch.State) -> (camera: JacobianRows, inertial: JacobianRows) {
      var camera = JacobianRows(rows: 6, width: 18, border: InertialBatch.Border.camera)
      var inertial = JacobianRows(rows: 9, width: 18, border: InertialBatch.Border.inertial)
      batch.fillCamera(&camera, 4, state, weights)
      batch.fillInertial(&inertial, 4, factor, state, weights)
      return (camera, inertial)
    }
    let here = residuals(state)
    let h = 1e-6
    func check(_ rows: JacobianRows, _ column: Int, _ plus: JacobianRows, _ minus: JacobianRows) {
      let columns = rows.jacobian.count / rows.residual.count
      for row in rows.residual.indices {
        let numeric = (plus.residual[row] - minus.residual[row]) / (2 * h)
        let analytic = rows.jacobian[row * columns + column]
        let size = rows.jacobian[(row * columns)..<((row + 1) * columns)].reduce(1) { max($0, abs($1)) }
        #expect(abs(numeric - analytic) < 0.02 * size, "row \(row), column \(column): \(numeric), \(analytic)")
      }
    }
    for column in 0..<18 {
      var chain = [Double](repeating: 0, count: 9 * batch.keys.count)
      let none = [Double](repeating: 0, count: InertialBatch.Border.count)
      chain[36 + column] = h
      let plus = residuals(batch.moved(state, chain: chain, border: none))
      chain[36 + column] = -h
      let minus = residuals(batch.moved(state, chain: chain, border: none))
      check(here.inertial, column, plus.inertial, minus.inertial)
      check(here.camera, column, plus.camera, minus.camera)
    }
    for index in 0..<InertialBatch.Border.count {
      let chain = [Double](repeating: 0, count: 9 * batch.keys.count)
      var border = [Double](repeating: 0, count: 13)
      border[index] = h
      let plus = residuals(batch.moved(state, chain: chain, border: border))
      border[index] = -h
      let minus = residuals(batch.moved(state, chain: chain, border: border))
      if InertialBatch.Border.camera.contains(index) { check(here.camera, 18 + index, plus.camera, minus.camera) }
      if InertialBatch.Border.inertial.contains(index) {
        check(here.inertial, 18 + index - 5, plus.inertial, minus.inertial)
      }
    }
  }
}

@Suite struct BorderedBandSystemTests {
  @Test func solvesWhatADenseMatrixDoes() throws {
    let (size, border, width) = (24, 3, 6)
    var generator = SeededGenerator(seed: 4)
    var system = BorderedBandSystem(size: size, bandwidth: width - 1, border: border)
    var dense = Matrix(rows: size + border, columns: size + border)
    var right = [Double](repeating: 0, count: size + border)
    for start in stride(from: 0, through: size - width, by: 1) {
      for _ in 0..<3 {
        var rows = JacobianRows(rows: 3, width: width, border: 0..<border)
        for column in 0..<(width + border) { rows.set(0, column, normal3(&generator)) }
        rows.set(0, residual: normal3(&generator))
        system.add(rows, start: start)
        for row in 0..<3 {
          let values = rows.jacobian[(row * (width + border))..<((row + 1) * (width + border))].map { $0 }
          let places = (start..<(start + width)).map { $0 } + (size..<(size + border)).map { $0 }
          for (a, i) in zip(values, places) {
            right[i] -= a * rows.residual[row]
            for (b, j) in zip(values, places) { dense[i, j] += a * b }
          }
        }
      }
    }
    let solution = try #require(system.solve(damping: 0))
    let cholesky = try #require(Cholesky(dense))
    let expected = cholesky.solve(right)
    for (a, b) in zip(solution.chain + solution.border, expected) { #expect(abs(a - b) < 1e-9) }
    #expect(abs(solution.borderCovariance[0, 1] - cholesky.inverse[size, size + 1]) < 1e-9)

    var chain = Matrix(rows: size, columns: size)
    for row in 0..<size {
      for column in 0..<size { chain[row, column] = dense[row, column] }
    }
    let inverse = try #require(Cholesky(chain)).inverse
    let band = system.covarianceBand(solution)
    for row in 0..<size {
      for column in max(0, row - width + 1)...row {
        #expect(abs(band[row, column] - inverse[row, column]) < 1e-9 && band[column, row] == band[row, column])
      }
    }
  }

  @Test func nothingKnownIsNoSolution() {
    let system = BorderedBandSystem(size: 6, bandwidth: 2, border: 2)
    #expect(system.solve(damping: 0) == nil)
  }
}
