public import NIOCore

/// An `imu_data` message: what was understood of it, and the message itself.
public struct IMUMessage: Hashable, Sendable {
  /// The message as received.
  public var body: ByteBuffer
  /// Time of the sample on the phone's clock, nanoseconds.
  public var timestampNanos: Int64
  /// Specific force, m/s².
  public var accelerometer: SIMD3<Double>?
  /// Angular rate, rad/s.
  public var gyroscope: SIMD3<Double>?
  /// µT.
  public var magnetometer: SIMD3<Double>?
  public var gps: PhonePosition?
  /// Unit quaternion w, x, y, z.
  public var attitude: SIMD4<Double>?
  /// 0…1.
  public var batteryLevel: Double?
  public var status: String?

  /// Accelerometer and gyroscope together, as whoever computes with the samples expects; without both it is no sample.
  public var isSample: Bool { accelerometer != nil && gyroscope != nil }

  /// Reads a message of type `imu_data`.
  /// - Throws: ``TelemetryReject/timestamp``, and ``TelemetryReject/field(_:)`` or ``TelemetryReject/range(_:)`` for
  ///   members that are known by name and cannot be what they say.
  public init(_ object: JSONObject) throws(TelemetryReject) {
    body = object.bytes
    guard let timestamp = try object.nanoseconds("timestamp") else { throw .timestamp }
    timestampNanos = timestamp
    // 1000 g, 160 turns a second, and a hundredth of a tesla: beyond what any such sensor shows.
    accelerometer = try object.vector("accelerometer", magnitude: 10_000)
    gyroscope = try object.vector("gyroscope", magnitude: 1_000)
    magnetometer = try object.vector("magnetometer", magnitude: 10_000)
    gps = try object.position("gps")
    attitude = try object.quaternion("attitude")
    batteryLevel = try object.battery("battery")
    status = object.text("status")
  }
}

/// Where a phone says it is, WGS 84. What it does not know it leaves out, or sends as -1.
public struct PhonePosition: Hashable, Sendable {
  public var latitudeDegrees: Double
  public var longitudeDegrees: Double
  public var altitudeMetres: Double?
  /// Radius of 68 % horizontal confidence.
  public var accuracyMetres: Double?
  public var speedMPerSec: Double?
  /// Clockwise from north.
  public var headingDegrees: Double?
}

extension JSONObject {
  /// A member with `x`, `y`, `z`, each within ± `magnitude`.
  fileprivate func vector(_ name: String, magnitude: Double) throws(TelemetryReject) -> SIMD3<Double>? {
    guard has(name) else { return nil }
    guard let parts = object(name), let x = parts.number("x"), let y = parts.number("y"), let z = parts.number("z")
    else { throw .field(name) }
    let vector = SIMD3(x, y, z)
    for axis in 0..<3 {
      guard vector[axis].magnitude <= magnitude else { throw .range(name) }
    }
    return vector
  }

  fileprivate func quaternion(_ name: String) throws(TelemetryReject) -> SIMD4<Double>? {
    guard has(name) else { return nil }
    guard let parts = object(name), let w = parts.number("w"), let x = parts.number("x"), let y = parts.number("y"),
      let z = parts.number("z")
    else { throw .field(name) }
    let quaternion = SIMD4(w, x, y, z)
    let squares = (quaternion * quaternion).sum()
    guard squares > 0.9, squares < 1.1 else { throw .range(name) }
    return quaternion
  }

  fileprivate func position(_ name: String) throws(TelemetryReject) -> PhonePosition? {
    guard has(name) else { return nil }
    guard let parts = object(name), let latitude = parts.number("latitude"), let longitude = parts.number("longitude")
    else { throw .field(name) }
    guard (-90...90).contains(latitude), (-180...180).contains(longitude) else { throw .range(name) }
    return PhonePosition(
      latitudeDegrees: latitude, longitudeDegrees: longitude,
      altitudeMetres: try parts.optional("altitude", of: name, in: -20_000...1_000_000),
      // iOS says -1 for what it does not know.
      accuracyMetres: try parts.optional("accuracy", of: name, in: -1...1e8).flatMap { $0 < 0 ? nil : $0 },
      speedMPerSec: try parts.optional("speed", of: name, in: -1...100_000).flatMap { $0 < 0 ? nil : $0 },
      headingDegrees: try parts.optional("heading", of: name, in: -360...360))
  }

  /// A number that may be absent.
  private func optional(
    _ name: String, of parent: String, in range: ClosedRange<Double>
  ) throws(TelemetryReject) -> Double? {
    guard has(name) else { return nil }
    guard let value = number(name) else { throw .field(parent) }
    guard range.contains(value) else { throw .range(parent) }
    return value
  }

  /// A level in percent, as a number or as `level` or `percent` of an object. What is said in other words is passed on
  /// and not understood.
  fileprivate func battery(_ name: String) throws(TelemetryReject) -> Double? {
    guard let percent = number(name) ?? object(name).flatMap({ $0.number("level") ?? $0.number("percent") }) else {
      return nil
    }
    guard (0...100).contains(percent) else { throw .range(name) }
    return percent / 100
  }
}
