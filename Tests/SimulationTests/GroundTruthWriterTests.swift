import Foundation
import Geometry
import MediaModel
import Simulation
import Testing

@Suite struct GroundTruthWriterTests {
  private static let world = FlightWorld(seed: 4)
  private let flight = FlightSimulation(
    world: world, resolution: Resolution(width: 160, height: 90), framesPerSecond: 30)

  /// The files of a flight of `count` frames.
  private func files(frames count: Int) -> [GroundTruthFile: String] {
    var files: [GroundTruthFile: [UInt8]] = [:]
    var writer = GroundTruthWriter(flight)
    writer.begin { file, bytes in files[file, default: []] += bytes }
    for index in 0..<count {
      writer.append(flight.renderFrame(index), of: flight) { file, bytes in files[file, default: []] += bytes }
    }
    return files.mapValues { String(decoding: $0, as: UTF8.self) }
  }

  private func lines(_ text: String?) -> [String] {
    (text ?? "").split(separator: "\n").map(String.init).filter { !$0.hasPrefix("#") }
  }

  @Test func framesAreListedWithTimesAndPoses() throws {
    let files = files(frames: 31)
    #expect(lines(files[.times])[0...2] == ["0 0.000000000", "1 0.033333333", "2 0.066666667"])
    #expect(lines(files[.times]).count == 31)
    let poses = lines(files[.poses])
    #expect(poses.count == 31)
    for (index, line) in poses.enumerated() {
      let numbers = line.split(separator: " ").compactMap { Double($0) }
      try #require(numbers.count == 8)
      let pose = SE3(
        rotation: SO3(x: numbers[4], y: numbers[5], z: numbers[6], w: numbers[7]),
        translation: SIMD3(numbers[1], numbers[2], numbers[3]))
      let truth = flight.path.state(at: numbers[0]).worldFromCamera
      #expect((pose.translation - truth.translation).norm < 1e-7, "frame \(index)")
      #expect((pose.rotation.inverse * truth.rotation).angle < 1e-7, "frame \(index)")
    }
  }

  @Test func sensorsReachTheLastFrameWithoutGapsOrRepeats() throws {
    let files = files(frames: 31)
    let imu = lines(files[.imu]).map { $0.split(separator: ",").compactMap { Double($0) } }
    #expect(imu.map { $0[0] } == stride(from: 0.0, through: 1e9, by: 5e6).map { $0 })
    #expect(
      imu.allSatisfy { $0.count == 7 && abs(($0[4] * $0[4] + $0[5] * $0[5] + $0[6] * $0[6]).squareRoot() - 9.81) < 4 })
    let gps = lines(files[.gps]).map { $0.split(separator: ",").compactMap { Double($0) } }
    #expect(gps.count == 6)
    #expect(gps.allSatisfy { $0.count == 6 && abs($0[1] - 47.397742) < 0.01 && abs($0[2] - 8.545594) < 0.01 })
  }

  @Test func headersAreThoseOfTheTestData() {
    let files = files(frames: 0)
    #expect(files[.times] == "# index timestamp_s\n")
    #expect(files[.imu] == "#t_ns,gx,gy,gz,ax,ay,az\n")
    #expect(files[.gps] == "#t_s,lat_deg,lon_deg,alt_m,speed2d_mps,speed3d_mps\n")
    #expect(files[.poses]?.hasPrefix("# timestamp tx ty tz qx qy qz qw") == true)
  }

  @Test func cameraIsDescribed() throws {
    let text = try #require(files(frames: 0)[.camera])
    let json = try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
    #expect(json["fx"] as? Double == flight.camera.focalLength.x)
    #expect(json["cy"] as? Double == 44.5)
    #expect(json["width"] as? Int == 160)
    let rows = try #require(json["T_imu_cam"] as? [[Double]])
    let expected = InertialSensor.imuFromCamera.rowMajorMatrix
    for (row, want) in zip(rows, expected) {
      for (value, wanted) in zip(row, want) { #expect(abs(value - wanted) < 1e-12) }
    }
    let noise = try #require(json["imu_noise"] as? [String: Any])
    #expect(noise["gyro_noise_density"] as? Double == InertialSensor.gyroscopeNoiseDensity)
    #expect(noise["rate_hz"] as? Int == 200)
  }

  @Test func objectsReadBackAsDetections() throws {
    let lines = lines(files(frames: 3)[.objects])
    #expect(lines.count == 3)
    var seen = 0
    for (index, line) in lines.enumerated() {
      let json = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
      #expect(json["frame_number"] as? Int == index)
      let objects = try #require(json["objects"] as? [[String: Any]])
      let truth = flight.renderFrame(index).objects
      #expect(objects.count == truth.count)
      for (object, want) in zip(objects, truth) {
        seen += 1
        #expect(object["id"] as? Int == want.object.id)
        #expect(object["label"] as? String == want.object.label.rawValue)
        #expect(
          object["box"] as? [Int] == [
            want.columns.lowerBound, want.rows.lowerBound, want.columns.upperBound, want.rows.upperBound,
          ])
        let mask = try #require(object["mask"] as? [String: Any])
        #expect(mask["size"] as? [Int] == [90, 160])
        let counts = try #require(mask["counts"] as? String)
        #expect(RunLengthMask(resolution: Resolution(width: 160, height: 90), counts: counts) == want.mask)
      }
    }
    #expect(seen > 0)
  }
}
