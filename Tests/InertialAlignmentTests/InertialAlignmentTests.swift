import Foundation
import Geometry
import InertialAlignment
import MediaModel
import TestSupport
import Testing

@Suite struct InertialAlignmentTests {
  @Test(arguments: [0.2, 0.5, 1, 2, 5], [1, 2] as [UInt64]) func findsTheScale(scale: Double, seed: UInt64) throws {
    var flight = SyntheticFlight()
    (flight.scale, flight.seed) = (scale, seed)
    let alignment = try #require(flight.alignment())
    #expect(alignment.quality == .trustworthy)
    #expect(abs(alignment.scale / scale - 1) < 0.01)
    #expect(abs(alignment.scale / scale - 1) < 4 * alignment.scaleDeviation + 0.001)
    #expect(angle(alignment.gravityInWorld, flight.gravityInWorld) < 0.5 * .pi / 180)
    #expect((alignment.gyroscopeBias - flight.gyroscopeBias).norm < 0.001)
    #expect((alignment.accelerometerBias - flight.accelerometerBias).norm < 0.05)
    #expect((0.0003...0.006).contains(alignment.positionNoise))
  }

  /// A path that a camera follows alone bends by milliradians, which turns gravity against it.
  @Test(arguments: [0.3, 4], [1, 2, 3, 4, 5] as [UInt64])
  func findsTheScaleOfACameraThatDrifts(scale: Double, seed: UInt64) throws {
    var flight = SyntheticFlight()
    (flight.scale, flight.seed, flight.seconds) = (scale, seed, 60)
    (flight.drift, flight.turnDrift) = (0.01, 0.002)
    let alignment = try #require(flight.alignment())
    #expect(alignment.quality == .trustworthy)
    #expect(abs(alignment.scale / scale - 1) < 0.01)
    #expect(abs(alignment.scale / scale - 1) < 4 * alignment.scaleDeviation + 0.001)
    #expect(angle(alignment.gravityInWorld, flight.gravityInWorld) < 2 * .pi / 180)
    #expect((alignment.accelerometerBias - flight.accelerometerBias).norm < 0.05)
  }

  /// Whatever the time between the poses that take part is.
  @Test(arguments: [35.0, 50, 65, 80, 95]) func isAsGoodOverAnyTime(seconds: Double) throws {
    var flight = SyntheticFlight()
    (flight.seconds, flight.scale) = (seconds, 2)
    let alignment = try #require(flight.alignment())
    #expect(alignment.quality == .trustworthy && abs(alignment.scale / 2 - 1) < 0.01)
  }

  @Test(arguments: [-0.4, -0.15, -0.0123, 0, 0.15, 0.3]) func findsTheOffsetOfTheClocks(offset: Double) throws {
    var flight = SyntheticFlight()
    flight.offset = offset
    let alignment = try #require(flight.alignment())
    #expect(abs(alignment.timeOffset - offset) < 0.002)
    #expect(abs(Double(alignment.timeOffsetNanos) * 1e-9 - alignment.timeOffset) < 1e-8)
    #expect(alignment.timeOffsetDeviation < 0.005 && abs(alignment.scale - 1) < 0.01)
  }

  @Test func exactDataGiveExactResults() throws {
    var flight = SyntheticFlight()
    (flight.hasNoise, flight.scale) = (false, 0.37)
    let alignment = try #require(flight.alignment())
    #expect(abs(alignment.scale / 0.37 - 1) < 0.001)
    #expect(angle(alignment.gravityInWorld, flight.gravityInWorld) < 0.001)
    #expect((alignment.accelerometerBias - flight.accelerometerBias).norm < 0.01)
    #expect(abs(alignment.timeOffset) < 0.0005)
  }

  @Test(arguments: [1, 2, 3] as [UInt64]) func findsHowTheCameraIsMounted(seed: UInt64) throws {
    var flight = SyntheticFlight()
    (flight.seed, flight.scale, flight.offset) = (seed, 3, 0.08)
    let alignment = try #require(InertialAlignment.estimate(poses: flight.poses(), samples: flight.samples()))
    let error = (alignment.imuFromCamera.rotation * SyntheticFlight.imuFromCamera.rotation.inverse).angle
    #expect(error < 0.01)
    // The lever arm of six centimetres is not known here.
    #expect(abs(alignment.scale / 3 - 1) < 0.05 && alignment.quality > .unknown)
    #expect(abs(alignment.timeOffset - 0.08) < 0.005)
  }

  @Test func theMetricWorldIsUprightAndKeepsLengths() throws {
    var flight = SyntheticFlight()
    flight.scale = 0.5
    let poses = flight.poses()
    let alignment = try #require(flight.alignment())
    let metric = poses.map { alignment.metricFromWorld.moved($0.worldFromCamera) }
    let first = metric[0].rotation * SIMD3(0, 0, 1)
    #expect(abs(atan2(first.x, first.y)) < 1e-9)
    #expect(((alignment.metricFromWorld.rotation * alignment.gravityInWorld) - SIMD3(0, 0, -1)).norm < 1e-12)
    #expect(alignment.metricFromWorld.translation == .zero)
    let (a, b) = (flight.metricPose(1), flight.metricPose(4))
    let seen = metric[80].translation - metric[20].translation
    #expect(abs(seen.norm - (b.translation - a.translation).norm) < 0.02)
    #expect(abs(seen.z - (b.translation - a.translation).z) < 0.02)
  }

  @Test(arguments: [1, 2, 3, 4, 5] as [UInt64]) func hoveringTellsNoScale(seed: UInt64) throws {
    var flight = SyntheticFlight()
    (flight.seed, flight.motion, flight.turning) = (seed, 0.0005, 0.02)
    #expect(flight.alignment()?.quality ?? .unknown == .unknown)
    flight.turning = 0.5
    #expect(flight.alignment()?.quality ?? .unknown == .unknown)
  }

  @Test(arguments: [1, 2, 3, 4, 5] as [UInt64]) func uniformMotionTellsNoScale(seed: UInt64) throws {
    var flight = SyntheticFlight()
    (flight.seed, flight.motion, flight.steady, flight.scale) = (seed, 0, SIMD3(1.2, -0.4, 0.3), 2)
    for turning in [0, 0.05, 0.5] {
      flight.turning = turning
      #expect(flight.alignment()?.quality ?? .unknown == .unknown)
    }
  }

  @Test func readingsOfAnotherBodyTellNothing() {
    let flight = SyntheticFlight()
    var other = SyntheticFlight()
    other.seed = 77
    let alignment = InertialAlignment.estimate(
      poses: flight.poses(), samples: other.samples(), options: flight.options)
    #expect(alignment?.quality ?? .unknown == .unknown)
  }

  @Test func forcesOfAnotherBodyTellNothing() {
    let flight = SyntheticFlight()
    var other = flight
    other.seed = 5
    let mixed = zip(flight.samples(), other.samples()).map {
      IMUSample(
        timestampNanos: $0.timestampNanos, gyroscopeRadPerSec: $0.gyroscopeRadPerSec,
        accelerometerMPerSec2: $1.accelerometerMPerSec2)
    }
    let alignment = InertialAlignment.estimate(poses: flight.poses(), samples: mixed, options: flight.options)
    #expect(alignment?.quality ?? .unknown < .trustworthy)
  }

  @Test func longPathsAreThinned() throws {
    var flight = SyntheticFlight()
    (flight.seconds, flight.scale) = (240, 3)
    let alignment = try #require(
      InertialAlignment.estimate(
        poses: flight.poses(rate: 10), samples: flight.samples(rate: 100), options: flight.options))
    #expect(alignment.quality == .trustworthy && abs(alignment.scale / 3 - 1) < 0.01)
  }

  @Test func theOffsetStandsWhereItIsKnown() throws {
    var flight = SyntheticFlight()
    (flight.offset, flight.turning) = (0.2, 0.01)
    #expect(flight.alignment()?.quality ?? .unknown == .unknown)
    var options = flight.options
    (options.expectedTimeOffset, options.timeOffsetRange) = (0.2, 0)
    let alignment = try #require(
      InertialAlignment.estimate(poses: flight.poses(), samples: flight.samples(), options: options))
    #expect(alignment.quality > .unknown && abs(alignment.scale - 1) < 0.03)
    #expect(abs(alignment.timeOffset - 0.2) < 0.005)
  }

  @Test func isTheSameInEveryRunAndOrder() throws {
    let flight = SyntheticFlight()
    var generator = SeededGenerator(seed: 3)
    let alignment = try #require(flight.alignment())
    let again = InertialAlignment.estimate(
      poses: flight.poses().shuffled(using: &generator), samples: flight.samples().shuffled(using: &generator),
      options: flight.options, heading: flight.poses()[0].worldFromCamera.rotation)
    let shuffled = try #require(again)
    #expect(abs(shuffled.scale / alignment.scale - 1) < 1e-9)
    #expect(flight.alignment() == alignment)
  }

  @Test func survivesJumpsOfTheCameraAndGapsOfTheSensor() throws {
    let flight = SyntheticFlight()
    var poses = flight.poses()
    for index in [31, 90, 150] { poses[index].worldFromCamera.translation += SIMD3(0.5, -0.3, 0.2) }
    let samples = flight.samples().enumerated().filter { !(900..<960).contains($0.offset) }.map(\.element)
    let alignment = try #require(
      InertialAlignment.estimate(poses: poses, samples: samples, options: flight.options))
    #expect(abs(alignment.scale - 1) < 0.03)
  }

  @Test func garbageIsNoTrap() {
    let flight = SyntheticFlight()
    let (poses, samples) = (flight.poses(), flight.samples())
    #expect(InertialAlignment.estimate(poses: [], samples: []) == nil)
    #expect(InertialAlignment.estimate(poses: poses, samples: []) == nil)
    #expect(InertialAlignment.estimate(poses: [], samples: samples) == nil)
    let never = samples.map {
      IMUSample(
        timestampNanos: $0.timestampNanos &+ 3_000_000_000_000, gyroscopeRadPerSec: .zero, accelerometerMPerSec2: .zero)
    }
    #expect(InertialAlignment.estimate(poses: poses, samples: never) == nil)
    var generator = SeededGenerator(seed: 9)
    let values = [0, -0.0, 1, .nan, .infinity, -.infinity, 1e300, 1e-300, -3]
    let times: [Int64] = [.min, .max, 0, 1, poses[0].nanos, poses[100].nanos, -5]
    func value() -> Double { values.randomElement(using: &generator) ?? 0 }
    for _ in 0..<20 {
      let wild = poses.map { pose in
        var pose = pose
        if Int.random(in: 0..<4, using: &generator) == 0 {
          pose.worldFromCamera.translation = SIMD3(value(), value(), value())
          pose.nanos = times.randomElement(using: &generator) ?? 0
        }
        return pose
      }
      let broken = samples.map { sample in
        var sample = sample
        if Int.random(in: 0..<4, using: &generator) == 0 {
          sample.accelerometerMPerSec2 = SIMD3(value(), value(), value())
          sample.gyroscopeRadPerSec.x = value()
          sample.timestampNanos = times.randomElement(using: &generator) ?? 0
        }
        return sample
      }
      _ = InertialAlignment.estimate(poses: wild, samples: broken, options: flight.options)
      _ = InertialAlignment.estimate(poses: wild, samples: broken)
    }
    var options = InertialOptions()
    (options.keyInterval, options.maximalKeyPoses, options.timeOffsetRange) = (.nan, -4, .infinity)
    #expect(InertialAlignment.estimate(poses: poses, samples: samples, options: options) == nil)
  }

  @Test func identicalPosesAreNoTrap() {
    let flight = SyntheticFlight()
    let still = flight.poses().map { TimedPose(nanos: $0.nanos, worldFromCamera: .identity) }
    let rest = flight.samples().map {
      IMUSample(timestampNanos: $0.timestampNanos, gyroscopeRadPerSec: .zero, accelerometerMPerSec2: SIMD3(0, 0, 9.81))
    }
    #expect(InertialAlignment.estimate(poses: still, samples: rest)?.quality ?? .unknown == .unknown)
    #expect(
      InertialAlignment.estimate(poses: still, samples: rest, options: flight.options)?.quality ?? .unknown == .unknown)
  }
}

@Suite struct HeadingTests {
  @Test func looksToTheNorthOfItsPictures() {
    // A camera that looks along x of a world with y down.
    let down = SIMD3<Double>(0, 1, 0)
    let heading = SO3(angle: .pi / 2, axis: SIMD3(0, 1, 0))
    let metric = MetricAlignment.metricFromWorld(scale: 2, gravity: down, heading: heading)
    #expect((metric.rotation * (heading * SIMD3(0, 0, 1)) - SIMD3(0, 1, 0)).norm < 1e-12)
    #expect((metric.rotation * down - SIMD3(0, 0, -1)).norm < 1e-12)
    // Straight down, the top of the picture is what points north.
    let nadir = MetricAlignment.metricFromWorld(scale: 1, gravity: SIMD3(0, 0, 1), heading: .identity)
    #expect((nadir.rotation * SIMD3(0, -1, 0) - SIMD3(0, 1, 0)).norm < 1e-12)
  }
}
