public import MediaModel

/// What a device's sensors say at one time, on the clock that its pictures are stamped with.
public struct SensorReading: Hashable, Sendable {
  /// Its time is that of the reading, nanoseconds since 1970.
  public var imu: IMUSample
  /// The latest position, when it is new.
  public var gps: GPSSample?
  /// From the axes of the IMU to east, north, up: quaternion w, x, y, z.
  public var attitude: SIMD4<Double>?

  public init(imu: IMUSample, gps: GPSSample? = nil, attitude: SIMD4<Double>? = nil) {
    self.imu = imu
    self.gps = gps
    self.attitude = attitude
  }

  /// Readings at the times of `imu`; each position goes with the first sample that is not older.
  public static func readings(imu: [IMUSample], gps: [GPSSample]) -> [SensorReading] {
    var fixes = gps[...]
    return imu.map { sample in
      var reading = SensorReading(imu: sample)
      while let fix = fixes.first, fix.timestampNanos <= sample.timestampNanos {
        reading.gps = fix
        fixes.removeFirst()
      }
      return reading
    }
  }

  /// The `imu_data` message of protocol.md section 3.
  public var message: String {
    var text = "{\"type\":\"imu_data\",\"timestamp\":\(imu.timestampNanos)"
    text += ",\"accelerometer\":\(Self.vector(imu.accelerometerMPerSec2))"
    text += ",\"gyroscope\":\(Self.vector(imu.gyroscopeRadPerSec))"
    if let gps {
      text += ",\"gps\":{\"latitude\":\(gps.latitudeDegrees),\"longitude\":\(gps.longitudeDegrees)"
      text += ",\"altitude\":\(gps.altitudeMetres),\"accuracy\":\(gps.accuracyMetres)"
      text += ",\"speed\":\(gps.speedMPerSec),\"heading\":\(gps.headingDegrees)}"
    }
    if let attitude {
      text += ",\"attitude\":{\"w\":\(attitude.x),\"x\":\(attitude.y),\"y\":\(attitude.z),\"z\":\(attitude.w)}"
    }
    return text + "}"
  }

  private static func vector(_ vector: SIMD3<Double>) -> String {
    "{\"x\":\(vector.x),\"y\":\(vector.y),\"z\":\(vector.z)}"
  }
}
