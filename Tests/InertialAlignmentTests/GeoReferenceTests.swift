import Foundation
import Geometry
import InertialAlignment
import MediaModel
import TestSupport
import Testing

@Suite struct GeoReferenceTests {
  private static let home = LocalTangentPlane(
    origin: GeodeticPosition(latitudeDegrees: 47.37, longitudeDegrees: 8.54, altitudeMetres: 450))

  /// A flight of `size` metres around home, turned and scaled as a camera reports it, and fixes along it.
  private struct Tour {
    var poses: [TimedPose] = []
    var fixes: [GPSSample] = []
    var enuFromWorld: Sim3

    init(size: Double, accuracy: Double, seed: UInt64, world: Sim3, isLine: Bool = false, outliers: Bool = false) {
      enuFromWorld = world
      var generator = SeededGenerator(seed: seed)
      for index in 0..<600 {
        let t = Double(index) / 10
        let side = isLine ? 0 : 1.0
        let enu = SIMD3(size * sin(t / 9), side * size * sin(t / 5), side * 0.2 * size * sin(t / 4))
        let nanos = Int64(index) * 100_000_000
        let pose = SE3(rotation: .identity, translation: world.inverse * enu)
        poses.append(TimedPose(nanos: nanos, worldFromCamera: pose))
        guard index % 10 == 5 else { continue }
        var error = accuracy * normal3(&generator) * SIMD3(1, 1, 2)
        if outliers, index % 70 == 5 { error += SIMD3(60, -80, 30) }
        let place = home.geodetic(fromLocal: enu + error)
        fixes.append(
          GPSSample(
            timestampNanos: nanos + 1, latitudeDegrees: place.latitudeDegrees, longitudeDegrees: place.longitudeDegrees,
            altitudeMetres: place.altitudeMetres, accuracyMetres: accuracy,
            speedMPerSec: 0, headingDegrees: 0))
      }
    }

    func error(_ reference: GeoReference) -> Double {
      let errors = poses.map { pose in
        let point = pose.worldFromCamera.translation
        let error = home.local(from: reference.position(of: point)) - enuFromWorld * point
        return (error.x * error.x + error.y * error.y).squareRoot()
      }
      return errors.max() ?? .infinity
    }
  }

  private let upright = Sim3(scale: 1, rotation: SO3(angle: 2.2, axis: SIMD3(0, 0, 1)), translation: SIMD3(40, -20, 3))
  private let tilted = Sim3(scale: 7, rotation: SO3(angle: 2, axis: SIMD3(1, 2, 0.5)), translation: SIMD3(5, 9, -4))

  @Test(arguments: [1, 2, 3] as [UInt64]) func findsHeadingAndPlaceOfAMetricMap(seed: UInt64) throws {
    let tour = Tour(size: 60, accuracy: 2, seed: seed, world: upright, outliers: true)
    let reference = try #require(
      GeoReference.estimate(poses: tour.poses, fixes: tour.fixes, metricFromWorld: .identity))
    #expect(reference.quality == .trustworthy && tour.error(reference) < 2.5)
    #expect((reference.enuFromWorld.rotation.inverse * upright.rotation).angle < 0.04)
  }

  @Test(arguments: [1, 2, 3] as [UInt64]) func findsScaleAndAttitudeToo(seed: UInt64) throws {
    let tour = Tour(size: 60, accuracy: 2, seed: seed, world: tilted)
    let reference = try #require(GeoReference.estimate(poses: tour.poses, fixes: tour.fixes))
    #expect(reference.quality > .unknown && tour.error(reference) < 4)
    #expect(abs(reference.enuFromWorld.scale / 7 - 1) < 0.03)
  }

  @Test func aShortPathTellsNoHeading() throws {
    let tour = Tour(size: 1, accuracy: 4, seed: 1, world: upright)
    let reference = try #require(
      GeoReference.estimate(poses: tour.poses, fixes: tour.fixes, metricFromWorld: .identity))
    #expect(reference.quality == .unknown)
  }

  @Test func aLineTellsNoAttitude() throws {
    let tour = Tour(size: 60, accuracy: 2, seed: 1, world: tilted, isLine: true)
    #expect(GeoReference.estimate(poses: tour.poses, fixes: tour.fixes)?.quality ?? .unknown == .unknown)
    let level = Tour(size: 60, accuracy: 2, seed: 1, world: upright, isLine: true)
    let reference = GeoReference.estimate(poses: level.poses, fixes: level.fixes, metricFromWorld: .identity)
    #expect(reference?.quality == .trustworthy)
  }

  @Test func garbageIsNoTrap() {
    let tour = Tour(size: 60, accuracy: 2, seed: 1, world: upright)
    #expect(GeoReference.estimate(poses: [], fixes: tour.fixes) == nil)
    #expect(GeoReference.estimate(poses: tour.poses, fixes: []) == nil)
    let values = [Double.nan, .infinity, -1e300, 0, 91, 1e9]
    for value in values {
      var fixes = tour.fixes
      for index in stride(from: 0, to: fixes.count, by: 3) {
        fixes[index].latitudeDegrees = value
        fixes[index].accuracyMetres = value
        fixes[index].timestampNanos = .min
      }
      let reference = GeoReference.estimate(poses: tour.poses, fixes: fixes, metricFromWorld: .identity)
      #expect(reference?.quality == .trustworthy)
    }
    let still = tour.poses.map { TimedPose(nanos: $0.nanos, worldFromCamera: .identity) }
    #expect(
      GeoReference.estimate(poses: still, fixes: tour.fixes, metricFromWorld: .identity)?.quality ?? .unknown
        == .unknown)
    #expect(GeoReference.estimate(poses: still, fixes: tour.fixes)?.quality ?? .unknown == .unknown)
  }
}
