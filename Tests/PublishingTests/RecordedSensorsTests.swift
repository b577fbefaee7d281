import MediaModel
import Publishing
import Synchronization
import TestSupport
import Testing

struct RecordedSensorsTests {
  private func folder(
    imu: String = "#t_ns,gx,gy,gz,ax,ay,az\n1403636583763560000,0.1,0.2,0.3,1,2,9.8\r\n"
      + "1403636584773555584,0.1,0.2,0.3,1,2,9.8\n1403636584768555584,0.1,0.2,0.3,1,2,9.8\n",
    gps: String = "#t_s,lat_deg,lon_deg,alt_m,speed2d_mps,speed3d_mps\n1403636584.7664,48.1,11.5,520,1.5,1.6\n"
  ) throws -> TemporaryFolder {
    let folder = TemporaryFolder()
    try folder.write(imu, to: "imu.csv")
    try folder.write(gps, to: "gps.csv")
    try folder.write("# index timestamp_s filename\n0 1403636584.763555584 x.png\n", to: "times.txt")
    return folder
  }

  private func read(_ folder: TemporaryFolder) throws -> RecordedSensors {
    try RecordedSensors(
      imuFile: folder.path("imu.csv"), gpsFile: folder.path("gps.csv"), timesFile: folder.path("times.txt"))
  }

  @Test func timesCountFromTheFirstPicture() throws {
    let readings = try read(folder()).readings
    #expect(readings.map(\.imu.timestampNanos) == [-999_995_584, 5_000_000, 10_000_000])
    #expect(readings.map { $0.gps?.latitudeDegrees } == [nil, 48.1, nil])
    #expect(readings[0].imu.gyroscopeRadPerSec == SIMD3(0.1, 0.2, 0.3))
    #expect(readings[0].imu.accelerometerMPerSec2 == SIMD3(1, 2, 9.8))
  }

  @Test(arguments: [
    "", "#only\n", "1,2,3\n", "x,0,0,0,0,0,0\n", "1,0,0,0,0,0,nan\n", "99999999999999999999,0,0,0,0,0,0\n",
  ])
  func whatIsNoLogIsRefused(imu: String) throws {
    let folder = try folder(imu: imu)
    #expect(throws: PublishingError.self) { try read(folder) }
  }

  @Test func readingsGoOutWithThePictures() async throws {
    let sent = Mutex<[String]>([])
    let player = RecordedSensorPlayer(try read(folder()), speed: 2) { text in sent.withLock { $0.append(text) } }
    func times() -> [Int64] {
      sent.withLock { texts in
        texts.compactMap { Int64($0.split(separator: ":")[2].prefix { $0 != "," }) }
      }
    }
    let start = WallTime(nanosSince1970: 1_700_000_000_000_000_000)
    await player.played(.init(pass: 0, mediaTime: .zero, capturedAt: start))
    #expect(times() == [1_700_000_000_000_000_000 - 499_997_792])
    await player.played(.init(pass: 0, mediaTime: .milliseconds(20), capturedAt: start.advanced(by: .milliseconds(10))))
    #expect(times().dropFirst() == [1_700_000_000_002_500_000, 1_700_000_000_005_000_000])
    // The second time round, what lies in front of the first picture is left out.
    let again = start.advanced(by: .seconds(1))
    await player.played(.init(pass: 1, mediaTime: .milliseconds(20), capturedAt: again))
    #expect(times().count == 5)
    #expect(times().dropFirst(3) == [again.nanosSince1970 - 7_500_000, again.nanosSince1970 - 5_000_000])
  }
}
