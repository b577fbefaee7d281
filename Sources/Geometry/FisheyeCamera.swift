/// A fisheye camera after Kannala and Brandt, as OpenCV's `fisheye` module defines it:
/// `r(θ) = θ · (1 + k1 θ² + k2 θ⁴ + k3 θ⁶ + k4 θ⁸)`, θ the angle between ray and optical axis.
///
/// Source: Kannala, Brandt 2006, "A generic camera model and calibration method". Axes and pixels as in
/// ``PinholeCamera``. Rays of 90° and more are not projected.
public struct FisheyeCamera: Hashable, Sendable {
  /// Focal lengths, pixels.
  public var focalLength: SIMD2<Double>
  /// Principal point, pixels.
  public var principalPoint: SIMD2<Double>
  /// k1…k4.
  public var distortion: SIMD4<Double>
  /// Picture size, pixels.
  public var width: Int
  public var height: Int

  public init(
    focalLength: SIMD2<Double>, principalPoint: SIMD2<Double>, distortion: SIMD4<Double> = .zero, width: Int,
    height: Int
  ) {
    self.focalLength = focalLength
    self.principalPoint = principalPoint
    self.distortion = distortion
    self.width = width
    self.height = height
  }

  /// The pixel that sees `pointInCamera`, or `nil` when the point is not in front of the camera.
  public func project(_ pointInCamera: SIMD3<Double>) -> SIMD2<Double>? {
    guard pointInCamera.z > 1e-9 else { return nil }
    let side = (pointInCamera.x * pointInCamera.x + pointInCamera.y * pointInCamera.y).squareRoot()
    guard side > 1e-12 * pointInCamera.z else { return principalPoint }
    let radius = imageRadius(ofAngle: arcTangent(side, pointInCamera.z))
    return SIMD2(pointInCamera.x, pointInCamera.y) * (radius / side) * focalLength + principalPoint
  }

  /// The ray of a pixel, as the point at depth z = 1.
  ///
  /// - Returns: `nil` where the model cannot be inverted, and for rays of 90° and more.
  public func unproject(_ pixel: SIMD2<Double>) -> SIMD3<Double>? {
    let offset = (pixel - principalPoint) / focalLength
    let radius = (offset * offset).sum().squareRoot()
    guard radius > 1e-12 else { return SIMD3(offset.x, offset.y, 1) }
    var angle = min(radius, 1.5)
    for _ in 0..<30 {
      let slope = imageRadiusSlope(atAngle: angle)
      // Past the angle at which the radius stops growing there is no inverse.
      guard slope > 1e-6 else { return nil }
      let step = (imageRadius(ofAngle: angle) - radius) / slope
      angle -= step
      if abs(step) < 1e-13 { break }
    }
    guard angle > 0, angle < .pi / 2 - 1e-6, abs(imageRadius(ofAngle: angle) - radius) < 1e-9 else { return nil }
    let (sine, cosine) = sineAndCosine(angle)
    let side = offset * (sine / (cosine * radius))
    return SIMD3(side.x, side.y, 1)
  }

  /// r(θ), for θ in radians.
  func imageRadius(ofAngle angle: Double) -> Double {
    let (k, s) = (distortion, angle * angle)
    return angle * (1 + s * (k.x + s * (k.y + s * (k.z + s * k.w))))
  }

  /// dr/dθ.
  func imageRadiusSlope(atAngle angle: Double) -> Double {
    let (k, s) = (distortion, angle * angle)
    return 1 + s * (3 * k.x + s * (5 * k.y + s * (7 * k.z + s * 9 * k.w)))
  }
}
