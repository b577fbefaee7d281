/// One reading of an inertial measurement unit, in the unit's own axes.
public struct IMUSample: Hashable, Sendable {
  /// Time of the reading on the device's clock.
  public var timestampNanos: Int64
  /// Angular rate, rad/s.
  public var gyroscopeRadPerSec: SIMD3<Double>
  /// Specific force (acceleration minus gravity), m/s²; at rest it points up with 9.81.
  public var accelerometerMPerSec2: SIMD3<Double>

  public init(timestampNanos: Int64, gyroscopeRadPerSec: SIMD3<Double>, accelerometerMPerSec2: SIMD3<Double>) {
    self.timestampNanos = timestampNanos
    self.gyroscopeRadPerSec = gyroscopeRadPerSec
    self.accelerometerMPerSec2 = accelerometerMPerSec2
  }
}

/// One reading of a satellite receiver, WGS 84.
public struct GPSSample: Hashable, Sendable {
  /// Time of the reading on the device's clock.
  public var timestampNanos: Int64
  public var latitudeDegrees: Double
  public var longitudeDegrees: Double
  /// Height above the ellipsoid, metres.
  public var altitudeMetres: Double
  /// Radius of 68 % horizontal confidence, metres.
  public var accuracyMetres: Double
  /// Speed over ground, m/s.
  public var speedMPerSec: Double
  /// Course over ground, degrees clockwise from north, 0..<360.
  public var headingDegrees: Double

  public init(
    timestampNanos: Int64, latitudeDegrees: Double, longitudeDegrees: Double, altitudeMetres: Double,
    accuracyMetres: Double, speedMPerSec: Double, headingDegrees: Double
  ) {
    self.timestampNanos = timestampNanos
    self.latitudeDegrees = latitudeDegrees
    self.longitudeDegrees = longitudeDegrees
    self.altitudeMetres = altitudeMetres
    self.accuracyMetres = accuracyMetres
    self.speedMPerSec = speedMPerSec
    self.headingDegrees = headingDegrees
  }
}
