import Foundation
import Geometry
import InertialAlignment
import MapFormats
import MediaModel
import NIOCore
import TestSupport
import Testing

/// A drone with a real IMU, and its true path as the camera's.
@Suite(.enabled(if: TestData.has("slam/euroc_mh01_30s"), "\(TestData.absent)"))
struct EuRoCTests {
  private let folder = "slam/euroc_mh01_30s/"

  private func samples(shiftedBy nanos: Int64 = 0) throws -> [IMUSample] {
    try IMULog.parse(String(buffer: TestData.read(folder + "imu.csv"))).map { sample in
      var shifted = sample
      shifted.timestampNanos += nanos
      return shifted
    }
  }

  private func poses(scale: Double, noise: Double) throws -> [TimedPose] {
    var generator = SeededGenerator(seed: 1)
    return try TrajectoryFormat.tum.poses(
      in: String(buffer: TestData.read(folder + "groundtruth.txt"))
    ).map { pose in
      let position = (pose.worldFromCamera.translation + noise * normal3(&generator)) / scale
      return TimedPose(
        nanos: pose.nanos, worldFromCamera: SE3(rotation: pose.worldFromCamera.rotation, translation: position))
    }
  }

  private func options() throws -> InertialOptions {
    InertialOptions(
      imuFromCamera: try CameraDescription(json: Data(TestData.read(folder + "camera.json").readableBytesView))
        .imuFromCamera)
  }

  @Test(arguments: [-150, 0, 150]) func findsScaleGravityAndOffset(milliseconds: Int64) throws {
    let alignment = try #require(
      InertialAlignment.estimate(
        poses: poses(scale: 4, noise: 0.002), samples: samples(shiftedBy: milliseconds * 1_000_000),
        options: options()))
    #expect(alignment.quality == .trustworthy)
    #expect(abs(alignment.scale / 4 - 1) < 0.01)
    #expect(angle(alignment.gravityInWorld, SIMD3(0, 0, -1)) < .pi / 180)
    #expect(abs(alignment.timeOffset - Double(milliseconds) / 1000) < 0.002)
  }

  @Test func standingStillTellsNoScale() throws {
    let still = try poses(scale: 1, noise: 0.001).suffix(260)
    let alignment = try InertialAlignment.estimate(poses: Array(still), samples: samples(), options: options())
    #expect(alignment?.quality ?? .unknown == .unknown)
  }
}
