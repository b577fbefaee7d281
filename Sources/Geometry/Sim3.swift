/// A similarity: scale, rotation and translation, for maps whose scale is unknown or drifts.
///
/// Named `aFromB` as a rigid motion is: `pointInA = scale · (rotation · pointInB) + translation`.
public struct Sim3: Hashable, Sendable {
  /// Greater than zero.
  public var scale: Double
  public var rotation: SO3
  /// The origin of b in a, in units of a.
  public var translation: SIMD3<Double>

  public static let identity = Sim3(scale: 1, rotation: .identity, translation: .zero)

  public init(scale: Double, rotation: SO3, translation: SIMD3<Double>) {
    self.scale = scale
    self.rotation = rotation
    self.translation = translation
  }

  /// A rigid motion between frames of one unit.
  public init(_ rigid: SE3) { self.init(scale: 1, rotation: rigid.rotation, translation: rigid.translation) }

  public var inverse: Sim3 {
    let back = rotation.inverse
    return Sim3(scale: 1 / scale, rotation: back, translation: back * translation * (-1 / scale))
  }

  /// `aFromC = aFromB * bFromC`.
  public static func * (a: Sim3, b: Sim3) -> Sim3 {
    Sim3(scale: a.scale * b.scale, rotation: a.rotation * b.rotation, translation: a * b.translation)
  }

  /// `pointInA = aFromB * pointInB`.
  public static func * (transform: Sim3, point: SIMD3<Double>) -> SIMD3<Double> {
    transform.scale * (transform.rotation * point) + transform.translation
  }

  /// Where a pose given in b stands in a, with lengths in units of a: `aFromCamera` of `bFromCamera`.
  public func moved(_ bFromCamera: SE3) -> SE3 {
    SE3(rotation: rotation * bFromCamera.rotation, translation: self * bFromCamera.translation)
  }

  /// The tangent vector of a similarity.
  public struct Tangent: Hashable, Sendable {
    /// The part that becomes translation.
    public var linear: SIMD3<Double>
    /// The rotation vector, radians.
    public var angular: SIMD3<Double>
    /// Natural logarithm of the scale.
    public var logScale: Double

    public init(linear: SIMD3<Double>, angular: SIMD3<Double>, logScale: Double) {
      self.linear = linear
      self.angular = angular
      self.logScale = logScale
    }
  }

  /// The exponential map: where the flow `ẋ = angular × x + logScale · x + linear` takes points in one unit of time.
  ///
  /// Source: Strasdat, Montiel, Davison 2010, "Scale drift-aware large scale monocular SLAM", §III-A and appendix.
  public static func exp(_ tangent: Tangent) -> Sim3 {
    Sim3(
      scale: exponential(tangent.logScale), rotation: .exp(tangent.angular),
      translation: flow(tangent.angular, tangent.logScale) * tangent.linear)
  }

  /// The inverse of `exp`, with a rotation of at most π.
  public var log: Tangent {
    let (angular, logScale) = (rotation.log, logarithm(scale))
    let linear = Self.flow(angular, logScale).solve(translation) ?? translation
    return Tangent(linear: linear, angular: angular, logScale: logScale)
  }

  /// `∫₀¹ e^{σt} · exp(t·ω×) dt = C·I + A·ω× + B·(ω×)²`, which takes the linear part of a tangent to the translation.
  private static func flow(_ angular: SIMD3<Double>, _ logScale: Double) -> Matrix3 {
    let angle = angular.norm
    let skew = Matrix3.skew(angular)
    let (sine, cosine) = sineAndCosine(angle)
    let scale = exponential(logScale)
    // For small σ the quotients lose digits; the series has them.
    let c = abs(logScale) < 1e-4 ? 1 + logScale / 2 + logScale * logScale / 6 : (scale - 1) / logScale
    let (a, b): (Double, Double)
    if angle < 1e-3 {
      // ∫ t e^{σt} dt and ½ ∫ t² e^{σt} dt, for a rotation that is small.
      (a, b) = (moment(1, logScale), moment(2, logScale) / 2)
    } else {
      let squared = angle * angle + logScale * logScale
      // ∫ e^{σt} sin(θt) dt and ∫ e^{σt} cos(θt) dt.
      let sineIntegral = (scale * (logScale * sine - angle * cosine) + angle) / squared
      let cosineIntegral = (scale * (logScale * cosine + angle * sine) - logScale) / squared
      (a, b) = (sineIntegral / angle, (c - cosineIntegral) / (angle * angle))
    }
    return c * .identity + a * skew + b * (skew * skew)
  }

  /// `∫₀¹ tⁿ e^{σt} dt` by its power series, σ a few units at most.
  private static func moment(_ power: Int, _ exponent: Double) -> Double {
    var (term, sum) = (1.0, 0.0)
    for index in 0..<60 {
      sum += term / Double(index + power + 1)
      term *= exponent / Double(index + 1)
    }
    return sum
  }
}
