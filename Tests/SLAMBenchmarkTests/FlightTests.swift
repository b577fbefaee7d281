import Foundation
import Logging
import MapFormats
import SLAMBenchmark
import TestSupport
import Testing

@Suite struct FlightTests {
  /// A flight is a sequence as those on disk are: video, times, camera, sensors and truth for each frame.
  @Test func fliesAWholeSequence() async throws {
    let folder = TemporaryFolder()
    defer { withExtendedLifetime(folder) {} }
    let path = folder.path("flight")
    try await SLAMBenchmark.fly(seed: 2, seconds: 0.5, into: path, logger: Logger(label: "test"))
    func text(_ name: String) throws -> String { try String(contentsOfFile: path + "/" + name, encoding: .utf8) }
    #expect(try FrameTimes.parse(text("times.txt")).count == 15)
    #expect(try TrajectoryFormat.tum.poses(in: text("groundtruth.txt")).count == 15)
    #expect(try (90...100).contains(IMULog.parse(text("imu.csv")).count))
    #expect(try CameraDescription(json: Data(text("camera.json").utf8)).imuFromCamera != nil)
    let video = try Data(contentsOf: URL(fileURLWithPath: path + "/video.h264"))
    // Annex B begins with a start code.
    #expect(video.count > 10_000 && video.prefix(4) == Data([0, 0, 0, 1]))
  }
}
