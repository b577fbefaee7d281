import Foundation
import Geometry
import MapFormats
import MediaModel
import TestSupport
import Testing

@Suite struct SensorFilesTests {
  @Test func timesAreExactToTheNanosecond() throws {
    let text = "# index timestamp_s name\n0 1403636584.763555584 a.png\n1 1403636584.8\n2 1403636585\n"
    #expect(
      try FrameTimes.parse(text) == [1_403_636_584_763_555_584, 1_403_636_584_800_000_000, 1_403_636_585_000_000_000])
    #expect(try FrameTimes.parse("0 -1.5\n1 -0.25") == [-1_500_000_000, -250_000_000])
    #expect(try FrameTimes.parse("0 1e-3") == [1_000_000])
  }

  @Test(
    arguments: [
      ("1 1\n0 2", "index 0, which is none"), ("x 2", "index x"), ("0 1\n1 1", "not later"), ("0", "1 of 2 fields"),
      ("0 x", "“x”"),
    ])
  func badTimesAreNamed(text: String, part: String) {
    #expect {
      try FrameTimes.parse(text)
    } throws: { error in
      "\(error)".contains(part)
    }
  }

  @Test func samplesKeepUnitsAndOrder() throws {
    let text = "#t_ns,gx,gy,gz,ax,ay,az\n10,1,2,3,4,5,6\n10,9,9,9,9,9,9\r\n20,-1,0,0,0,0,9.81\n"
    let samples = try IMULog.parse(text)
    #expect(samples.map(\.timestampNanos) == [10, 20])
    #expect(samples[0].gyroscopeRadPerSec == SIMD3(1, 2, 3) && samples[0].accelerometerMPerSec2 == SIMD3(4, 5, 6))
    #expect(throws: MapFormatError.line(format: "imu.csv", number: 2, reason: "earlier than the sample before")) {
      try IMULog.parse("10,1,2,3,4,5,6\n9,1,2,3,4,5,6")
    }
  }

  @Test func fixesAreReadAsTheyAreWritten() throws {
    let text =
      "#t_s,lat_deg,lon_deg,alt_m,speed2d_mps,speed3d_mps\n0.0588824,33.1267696,-117.3273433,-22.941,1.088,1.05\n"
    let fix = try #require(try GPSLog.parse(text).first)
    #expect(
      fix.timestampNanos == 58_882_400 && fix.latitudeDegrees == 33.1267696 && fix.longitudeDegrees == -117.3273433)
    #expect(fix.altitudeMetres == -22.941 && fix.speedMPerSec == 1.088 && fix.accuracyMetres == GPSLog.usualAccuracy)
    #expect(try GPSLog.parse("1,47,8,400,0,0,1.4\n1,48,8,400\n2,47,8,400").map(\.accuracyMetres) == [1.4, 5])
  }

  @Test(
    arguments: [
      ("1,47,8", "3 of 4 fields"), ("2,47,8,1\n1,47,8,1", "line 2: earlier"), ("1,97,8,1", "latitude"),
      ("1,47,8,x", "no finite number"), ("1,47,8,1,0,0,0", "accuracy"),
    ])
  func badFixesAreNamed(text: String, part: String) {
    #expect { try GPSLog.parse(text) } throws: { "\($0)".contains(part) }
  }

  @Test func positionsAreExact() {
    let place = GeodeticPosition(
      latitudeDegrees: -33.1267696, longitudeDegrees: 117.3273433214, altitudeMetres: 22.9414)
    #expect(
      PositionFile.text(of: [(1_403_636_584_763_555_584, place)])
        == "timestamp,latitude,longitude,altitude\n1403636584.763555584,-33.126769600,117.327343321,22.941\n")
  }

  @Test func cameraDescriptionsTellEverything() throws {
    let json = """
      {"model": "pinhole-radtan", "fx": 458.654, "fy": 457.296, "cx": 367.215, "cy": 248.375, "k1": -0.28, "k2": 0.07,
       "p1": 0.0002, "p2": 0.00002, "width": 752, "height": 480, "fps": 20, "shutter": "global",
       "T_imu_cam": [[0, -1, 0, 0.1], [1, 0, 0, 0.2], [0, 0, 1, 0.3], [0, 0, 0, 1]],
       "imu_noise": {"gyro_noise_density": 1, "gyro_random_walk": 2, "accel_noise_density": 3, "accel_random_walk": 4,
       "rate_hz": 200}, "imu_time_offset_s": 0.5}
      """
    let description = try CameraDescription(json: Data(json.utf8))
    guard case .pinhole(let camera) = description.camera else {
      Issue.record("no pinhole camera")
      return
    }
    #expect(camera.distortion.k1 == -0.28 && camera.width == 752)
    #expect(description.readoutSeconds == 0 && description.imuTimeOffset == 0.5)
    #expect(description.imuNoise?.accelRandomWalk == 4)
    let imuFromCamera = try #require(description.imuFromCamera)
    #expect((imuFromCamera * SIMD3(1, 0, 0) - SIMD3(0.1, 1.2, 0.3)).norm < 1e-12)
  }

  @Test(
    arguments: [
      (#"{"model":"pinhole"}"#, "fx"), ("[", "file"), (#"{"model":7}"#, "model"),
      (#"{"model":"omni","fx":9,"fy":9,"cx":1,"cy":1,"width":64,"height":64}"#, "model: “omni”"),
      (#"{"model":"pinhole","fx":0,"fy":9,"cx":1,"cy":1,"width":64,"height":64}"#, "fx: 0.0"),
      (#"{"model":"pinhole","fx":9,"fy":9,"cx":1,"cy":1,"width":-1,"height":64}"#, "width, height"),
      (#"{"model":"fisheye","fx":9,"fy":9,"cx":1,"cy":1,"width":64,"height":64,"T_imu_cam":[[1]]}"#, "T_imu_cam"),
    ])
  func badCamerasAreNamed(json: String, part: String) {
    #expect {
      try CameraDescription(json: Data(json.utf8))
    } throws: { error in
      "\(error)".contains(part)
    }
  }

  @Test func seededNoiseNeverTraps() {
    var generator = SeededGenerator(seed: 11)
    let alphabet = Array("0123456789.,- \n#enax".utf8)
    for _ in 0..<500 {
      let length = Int.random(in: 0...200, using: &generator)
      let text = String(
        decoding: (0..<length).map { _ in alphabet.randomElement(using: &generator) ?? 0 }, as: UTF8.self)
      _ = try? FrameTimes.parse(text)
      _ = try? IMULog.parse(text)
      for format in TrajectoryFormat.allCases { _ = try? format.poses(in: text) }
    }
  }
}
