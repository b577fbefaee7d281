public import Geometry

/// How a path of a camera lies in metric space, upright: what an IMU told about it.
public struct MetricAlignment: Hashable, Sendable {
  /// Metres per unit of the world.
  public var scale: Double
  /// One standard deviation of ln(scale), so about the relative error.
  public var scaleDeviation: Double
  /// The direction in which things fall, unit vector in axes of the world.
  public var gravityInWorld: SIMD3<Double>
  /// One standard deviation of its direction, radians.
  public var gravityDeviation: Double
  /// rad/s, in axes of the IMU; readings less this are angular velocities.
  public var gyroscopeBias: SIMD3<Double>
  /// m/s²
  public var accelerometerBias: SIMD3<Double>
  /// imuTime = cameraTime + offset, seconds.
  public var timeOffset: Double
  /// One standard deviation, seconds; infinite where nothing told the offset, which is then the expected one.
  public var timeOffsetDeviation: Double
  /// The pose of the camera in axes of the IMU that was used: as given, or with a rotation that was estimated.
  public var imuFromCamera: SE3
  public var quality: AlignmentQuality
  /// The world scaled to metres and turned so that z is up and the first camera looks towards +y. Keeps the origin.
  public var metricFromWorld: Sim3
  /// Errors that the camera's positions and rotations show, one axis, metres and radians.
  public var positionNoise: Double
  public var rotationNoise: Double

  /// Nanoseconds, rounded.
  public var timeOffsetNanos: Int64 { Int64((timeOffset * 1e9).rounded()) }

  /// A turned and scaled world, upright.
  ///
  /// - Parameters:
  ///   - scale: metres per unit.
  ///   - gravity: unit vector in axes of the world.
  ///   - heading: the orientation of the camera whose optical axis shall point to +y, seen from above. Where the axis
  ///     is nearly vertical, the top of its picture does.
  public static func metricFromWorld(scale: Double, gravity: SIMD3<Double>, heading: SO3) -> Sim3 {
    let upright = SO3.shortest(from: gravity, to: SIMD3(0, 0, -1))
    let axis = upright * (heading * SIMD3(0, 0, 1))
    let top = upright * (heading * SIMD3(0, -1, 0))
    // Above 70° the top of the picture takes over. Looking up, it points backwards.
    let isSteep = abs(axis.z) > 0.94
    let forward = isSteep ? (axis.z < 0 ? top : -top) : axis
    let yaw = arcTangent(forward.x, forward.y)
    return Sim3(scale: scale, rotation: SO3(angle: yaw, axis: SIMD3(0, 0, 1)) * upright, translation: .zero)
  }
}
