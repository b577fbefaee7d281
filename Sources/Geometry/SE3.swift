/// A rigid motion: rotation and translation. Named `aFromB`, it takes a point's coordinates in frame b to those in
/// frame a: `pointInA = aFromB * pointInB`. Its translation is the origin of b, seen in a.
public struct SE3: Hashable, Sendable {
  public var rotation: SO3
  /// Metres where the frames are metric.
  public var translation: SIMD3<Double>

  public static let identity = SE3(rotation: .identity, translation: .zero)

  public init(rotation: SO3, translation: SIMD3<Double>) {
    self.rotation = rotation
    self.translation = translation
  }

  /// A twist: the tangent vector of a rigid motion.
  public struct Twist: Hashable, Sendable {
    /// The part that becomes translation.
    public var linear: SIMD3<Double>
    /// The rotation vector, radians.
    public var angular: SIMD3<Double>

    public init(linear: SIMD3<Double>, angular: SIMD3<Double>) {
      self.linear = linear
      self.angular = angular
    }
  }

  /// The exponential map: the motion of a body that keeps the velocity `twist` for one unit of time.
  /// Source: Solà et al. 2018, "A micro Lie theory", eq. 172.
  public static func exp(_ twist: Twist) -> SE3 {
    SE3(rotation: .exp(twist.angular), translation: SO3.leftJacobian(twist.angular) * twist.linear)
  }

  /// The inverse of `exp`, with a rotation of at most π.
  public var log: Twist {
    let angular = rotation.log
    return Twist(linear: SO3.inverseLeftJacobian(angular) * translation, angular: angular)
  }

  public var inverse: SE3 {
    let back = rotation.inverse
    return SE3(rotation: back, translation: -(back * translation))
  }

  /// `aFromC = aFromB * bFromC`.
  public static func * (a: SE3, b: SE3) -> SE3 {
    SE3(rotation: a.rotation * b.rotation, translation: a.rotation * b.translation + a.translation)
  }

  /// `pointInA = aFromB * pointInB`.
  public static func * (transform: SE3, point: SIMD3<Double>) -> SIMD3<Double> {
    transform.rotation * point + transform.translation
  }

  /// The twist `aFromB · twistInB`, so that `aFromB * exp(t) * aFromB.inverse == exp(aFromB.adjoint(t))`.
  public func adjoint(_ twist: Twist) -> Twist {
    let angular = rotation * twist.angular
    return Twist(linear: rotation * twist.linear + translation.cross(angular), angular: angular)
  }

  /// The four rows of the homogeneous matrix, row-major, as messages and files carry a pose.
  public var rowMajorMatrix: [[Double]] {
    let m = rotation.matrix
    let rows = (0..<3).map { row in [m[row, 0], m[row, 1], m[row, 2], translation[row]] }
    return rows + [[0, 0, 0, 1]]
  }
}
