import Foundation
import MediaModel

/// IMU and GPS logs beside a video, in the formats that a truth folder has.
public struct RecordedSensors: Sendable {
  /// Times count from the first picture of the video.
  public let readings: [SensorReading]

  /// Reads `imu.csv` (`t_ns,gx,gy,gz,ax,ay,az`) and, if there is one, `gps.csv` (`t_s,lat_deg,lon_deg,alt_m,speed2d_mps`).
  ///
  /// Both count time as `times.txt` does, which says when the first picture was; without that file it was at 0.
  public init(imuFile: String, gpsFile: String?, timesFile: String) throws(PublishingError) {
    let start = try Self.firstPicture(timesFile)
    var imu: [IMUSample] = []
    for row in try Self.rows(of: imuFile, columns: 7) {
      imu.append(
        IMUSample(
          timestampNanos: try row.integer(0) - start,
          gyroscopeRadPerSec: SIMD3(try row.number(1), try row.number(2), try row.number(3)),
          accelerometerMPerSec2: SIMD3(try row.number(4), try row.number(5), try row.number(6))))
    }
    var gps: [GPSSample] = []
    for row in try gpsFile.map({ path throws(PublishingError) in try Self.rows(of: path, columns: 5) }) ?? [] {
      gps.append(
        GPSSample(
          timestampNanos: try row.nanoseconds(0) - start, latitudeDegrees: try row.number(1),
          longitudeDegrees: try row.number(2), altitudeMetres: try row.number(3), accuracyMetres: -1,
          speedMPerSec: try row.number(4), headingDegrees: -1))
    }
    imu.sort { $0.timestampNanos < $1.timestampNanos }
    gps.sort { $0.timestampNanos < $1.timestampNanos }
    guard !imu.isEmpty else { throw .notALog(place: imuFile, reason: "it has no readings") }
    readings = SensorReading.readings(imu: imu, gps: gps)
  }

  private static func firstPicture(_ path: String) throws(PublishingError) -> Int64 {
    guard FileManager.default.fileExists(atPath: path) else { return 0 }
    return try rows(of: path, columns: 2, separator: " ").first?.nanoseconds(1) ?? 0
  }

  private static func rows(
    of path: String, columns: Int, separator: Character = ","
  ) throws(PublishingError) -> [Row] {
    guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {
      throw .notALog(place: path, reason: "it cannot be read")
    }
    var rows: [Row] = []
    for (index, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
      if line.isEmpty || line.hasPrefix("#") { continue }
      let fields = line.split(separator: separator)
      guard fields.count >= columns else {
        throw .notALog(place: "\(path):\(index + 1)", reason: "\(columns) columns are expected")
      }
      rows.append(Row(place: "\(path):\(index + 1)", fields: fields))
    }
    return rows
  }

  private struct Row {
    var place: String
    var fields: [Substring]

    func integer(_ column: Int) throws(PublishingError) -> Int64 {
      guard let value = Int64(fields[column]), value.magnitude < 1 << 62 else { throw problem(column) }
      return value
    }

    func number(_ column: Int) throws(PublishingError) -> Double {
      guard let value = Double(fields[column]), value.isFinite else { throw problem(column) }
      return value
    }

    /// Seconds with decimals; times since 1970 have more digits than a `Double`.
    func nanoseconds(_ column: Int) throws(PublishingError) -> Int64 {
      let parts = fields[column].split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
      let decimals = parts.count == 2 ? String(parts[1].prefix(9)) : ""
      let padded = decimals + String(repeating: "0", count: 9 - decimals.count)
      guard let seconds = Int64(parts[0]), seconds.magnitude < 1 << 32, let nanos = Int64(padded), nanos >= 0 else {
        throw problem(column)
      }
      return seconds * 1_000_000_000 + (parts[0].hasPrefix("-") ? -nanos : nanos)
    }

    private func problem(_ column: Int) -> PublishingError {
      .notALog(place: place, reason: "column \(column + 1) is not the number that is expected")
    }
  }
}

/// Sends recorded readings as the pictures of their video go out.
public actor RecordedSensorPlayer {
  private let sensors: RecordedSensors
  private let speed: Double
  private let send: @Sendable (String) async -> Void
  private var pass = 0
  private var next = 0

  /// - Parameter speed: that of the video.
  public init(_ sensors: RecordedSensors, speed: Double, send: @escaping @Sendable (String) async -> Void) {
    self.sensors = sensors
    self.speed = speed
    self.send = send
  }

  /// A picture went out: so do the readings up to it, stamped on its clock.
  public func played(_ picture: SourcePublisher.PlayedPicture) async {
    if picture.pass != pass {
      pass = picture.pass
      // What was recorded before the first picture would lie in the pass before.
      next = sensors.readings.firstIndex { $0.imu.timestampNanos >= 0 } ?? sensors.readings.count
    }
    while next < sensors.readings.count, sensors.readings[next].imu.timestampNanos <= picture.mediaTime.value {
      var reading = sensors.readings[next]
      next += 1
      reading.imu.timestampNanos = stamp(reading.imu.timestampNanos, picture)
      reading.gps?.timestampNanos = reading.imu.timestampNanos
      await send(reading.message)
    }
  }

  private func stamp(_ nanos: Int64, _ picture: SourcePublisher.PlayedPicture) -> Int64 {
    picture.capturedAt.nanosSince1970 + Int64(Double(nanos - picture.mediaTime.value) / speed)
  }
}
