public import Geometry

/// Camera poses and points that shall agree with the pixels in which cameras saw points.
public struct BundleProblem: Sendable {
  /// One sighting.
  public struct Observation: Hashable, Sendable {
    /// Index of the pose.
    public var pose: Int
    /// Index of the point.
    public var point: Int
    /// Pixels.
    public var pixel: SIMD2<Double>
    /// One over the squared standard deviation of the pixel, relative to the others.
    public var weight: Double

    public init(pose: Int, point: Int, pixel: SIMD2<Double>, weight: Double = 1) {
      self.pose = pose
      self.point = point
      self.pixel = pixel
      self.weight = weight
    }
  }

  /// Moves too when ``intrinsics`` are given.
  public var camera: CameraModel
  /// What of the camera is adjusted; `nil` leaves it as it is.
  public var intrinsics: Intrinsics?
  /// Camera from world.
  public var poses: [SE3]
  /// Poses that stay. With fewer than two the problem drifts in scale, and with none freely.
  public var isFixed: [Bool]
  /// World coordinates.
  public var points: [SIMD3<Double>]
  public var observations: [Observation]

  /// - Precondition: a flag for each pose, and observations of poses and points that exist.
  public init(
    camera: CameraModel, poses: [SE3], isFixed: [Bool], points: [SIMD3<Double>], observations: [Observation]
  ) {
    precondition(poses.count == isFixed.count, "one flag for each pose")
    precondition(
      observations.allSatisfy { poses.indices.contains($0.pose) && points.indices.contains($0.point) },
      "observations of what exists")
    self.camera = camera
    self.poses = poses
    self.isFixed = isFixed
    self.points = points
    self.observations = observations
  }

  /// The squared distance in pixels between an observation and the projection of its point; infinite for points that
  /// are not in front of the camera.
  public func squaredError(of observation: Observation) -> Double {
    guard let pixel = camera.project(poses[observation.pose] * points[observation.point]) else { return .infinity }
    let residual = pixel - observation.pixel
    return (residual * residual).sum()
  }
}
