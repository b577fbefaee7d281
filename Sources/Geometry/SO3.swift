/// A rotation of space, stored as a unit quaternion.
///
/// As everywhere in this project a rotation is named `aFromB`: it takes the coordinates of a vector in frame b to its
/// coordinates in frame a, and `aFromC = aFromB * bFromC`. Hamilton's convention, ij = k.
public struct SO3: Hashable, Sendable {
  /// The quaternion as `(x, y, z, w)`, `w` the scalar part, of norm 1. `q` and `-q` are the same rotation.
  public private(set) var quaternion: SIMD4<Double>

  public static let identity = SO3(unchecked: SIMD4(0, 0, 0, 1))

  private init(unchecked quaternion: SIMD4<Double>) { self.quaternion = quaternion }

  /// A rotation from a quaternion of any norm but zero; it is normalised.
  public init(x: Double, y: Double, z: Double, w: Double) {
    let q = SIMD4(x, y, z, w)
    let norm = (q * q).sum().squareRoot()
    precondition(norm > 0, "a zero quaternion is no rotation")
    quaternion = q / norm
  }

  /// The rotation of a quaternion `(x, y, z, w)` whose norm is 1 already, kept bit for bit; `nil` for any other.
  public init?(unitQuaternion: SIMD4<Double>) {
    guard abs((unitQuaternion * unitQuaternion).sum() - 1) < 1e-9 else { return nil }
    quaternion = unitQuaternion
  }

  /// The rotation by `angle` radians about `axis` (any length but zero), counter-clockwise seen against the axis.
  public init(angle: Double, axis: SIMD3<Double>) {
    let (sine, cosine) = sineAndCosine(angle / 2)
    let v = axis.normalized * sine
    self.init(x: v.x, y: v.y, z: v.z, w: cosine)
  }

  /// The rotation nearest to a matrix that is orthonormal up to rounding (Shepperd's method: divides by the largest
  /// component, so it is accurate for every rotation).
  public init(matrix m: Matrix3) {
    let (m00, m11, m22) = (m[0, 0], m[1, 1], m[2, 2])
    let candidates = [m00 + m11 + m22, m00, m11, m22]
    switch candidates.indices.max(by: { candidates[$0] < candidates[$1] }) {
    case 1:
      self.init(x: 1 + m00 - m11 - m22, y: m[0, 1] + m[1, 0], z: m[0, 2] + m[2, 0], w: m[2, 1] - m[1, 2])
    case 2:
      self.init(x: m[0, 1] + m[1, 0], y: 1 - m00 + m11 - m22, z: m[1, 2] + m[2, 1], w: m[0, 2] - m[2, 0])
    case 3:
      self.init(x: m[0, 2] + m[2, 0], y: m[1, 2] + m[2, 1], z: 1 - m00 - m11 + m22, w: m[1, 0] - m[0, 1])
    default:
      self.init(x: m[2, 1] - m[1, 2], y: m[0, 2] - m[2, 0], z: m[1, 0] - m[0, 1], w: 1 + m00 + m11 + m22)
    }
  }

  /// The exponential map: rotation by `|rotationVector|` radians about its direction.
  public static func exp(_ rotationVector: SIMD3<Double>) -> SO3 {
    let squared = rotationVector.dot(rotationVector)
    let half = squared.squareRoot() / 2
    // sin(θ/2)/θ; the series keeps full precision where the quotient would lose it.
    let scale = squared < 1e-8 ? 0.5 - squared / 48 : sineAndCosine(half).sine / (2 * half)
    let v = rotationVector * scale
    return SO3(x: v.x, y: v.y, z: v.z, w: sineAndCosine(half).cosine)
  }

  /// The inverse of `exp`: the rotation vector of length at most π.
  public var log: SIMD3<Double> {
    let q = quaternion.w < 0 ? -quaternion : quaternion
    let v = SIMD3(q.x, q.y, q.z)
    let sine = v.norm
    // θ = 2·atan2(|v|, w) holds for every angle up to π. Near zero θ/|v| → 2/w·(1 − |v|²/(3w²)).
    if sine < 1e-5 { return v * (2 / q.w * (1 - sine * sine / (3 * q.w * q.w))) }
    return v * (2 * arcTangent(sine, q.w) / sine)
  }

  /// The angle of the rotation in radians, 0…π.
  public var angle: Double { log.norm }

  public var inverse: SO3 { SO3(unchecked: quaternion * SIMD4(-1, -1, -1, 1)) }

  /// The 3×3 rotation matrix.
  public var matrix: Matrix3 {
    let (x, y, z, w) = (quaternion.x, quaternion.y, quaternion.z, quaternion.w)
    return Matrix3(
      rows: SIMD3(1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)),
      SIMD3(2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)),
      SIMD3(2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)))
  }

  /// `aFromC = aFromB * bFromC`. The product is renormalised, so that long chains stay rotations.
  public static func * (a: SO3, b: SO3) -> SO3 {
    let (p, q) = (a.quaternion, b.quaternion)
    return SO3(
      x: p.w * q.x + p.x * q.w + p.y * q.z - p.z * q.y,
      y: p.w * q.y - p.x * q.z + p.y * q.w + p.z * q.x,
      z: p.w * q.z + p.x * q.y - p.y * q.x + p.z * q.w,
      w: p.w * q.w - p.x * q.x - p.y * q.y - p.z * q.z)
  }

  /// Rotates a vector: `vectorInA = aFromB * vectorInB`.
  public static func * (rotation: SO3, v: SIMD3<Double>) -> SIMD3<Double> {
    let u = SIMD3(rotation.quaternion.x, rotation.quaternion.y, rotation.quaternion.z)
    let t = 2 * u.cross(v)
    return v + rotation.quaternion.w * t + u.cross(t)
  }

  /// The rotation a `fraction` of the shortest way from `start` to `end`, at constant angular rate.
  public static func interpolated(from start: SO3, to end: SO3, fraction: Double) -> SO3 {
    start * exp((start.inverse * end).log * fraction)
  }

  /// The left Jacobian of the exponential map, `J` with `exp(v + δ) ≈ exp(J(v)·δ) · exp(v)`.
  /// Source: Solà et al. 2018, "A micro Lie theory", eq. 145.
  public static func leftJacobian(_ rotationVector: SIMD3<Double>) -> Matrix3 {
    let squared = rotationVector.dot(rotationVector)
    let skew = Matrix3.skew(rotationVector)
    let (a, b) = jacobianCoefficients(squaredAngle: squared)
    return .identity + a * skew + b * (skew * skew)
  }

  /// The inverse of `leftJacobian`, eq. 146 of the same source.
  public static func inverseLeftJacobian(_ rotationVector: SIMD3<Double>) -> Matrix3 {
    let squared = rotationVector.dot(rotationVector)
    let skew = Matrix3.skew(rotationVector)
    let coefficient: Double
    if squared < 1e-4 {
      coefficient = 1.0 / 12 + squared / 720 + squared * squared / 30240
    } else {
      let angle = squared.squareRoot()
      let (sine, cosine) = sineAndCosine(angle / 2)
      coefficient = 1 / squared - cosine / (2 * angle * sine)
    }
    return .identity + (-0.5) * skew + coefficient * (skew * skew)
  }

  /// `(1 − cos θ)/θ²` and `(θ − sin θ)/θ³`.
  static func jacobianCoefficients(squaredAngle squared: Double) -> (Double, Double) {
    if squared < 1e-4 {
      return (0.5 - squared / 24 + squared * squared / 720, 1.0 / 6 - squared / 120 + squared * squared / 5040)
    }
    let angle = squared.squareRoot()
    let (halfSine, _) = sineAndCosine(angle / 2)
    return (2 * halfSine * halfSine / squared, (angle - sineAndCosine(angle).sine) / (squared * angle))
  }
}
