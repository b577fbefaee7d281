/// A pinhole camera with radial-tangential (Brown–Conrady) distortion, as OpenCV defines it.
///
/// Camera axes: x right, y down, z forward. Pixel coordinates put (0, 0) at the centre of the top left pixel.
public struct PinholeCamera: Hashable, Sendable {
  /// Focal lengths, pixels.
  public var focalLength: SIMD2<Double>
  /// Principal point, pixels.
  public var principalPoint: SIMD2<Double>
  public var distortion: RadialTangentialDistortion
  /// Picture size, pixels.
  public var width: Int
  public var height: Int

  public init(
    focalLength: SIMD2<Double>, principalPoint: SIMD2<Double>, distortion: RadialTangentialDistortion = .none,
    width: Int, height: Int
  ) {
    self.focalLength = focalLength
    self.principalPoint = principalPoint
    self.distortion = distortion
    self.width = width
    self.height = height
  }

  /// The pixel that sees `pointInCamera`, or `nil` when the point is not in front of the camera.
  ///
  /// The result may lie outside the picture; ask `contains(pixel:)`.
  public func project(_ pointInCamera: SIMD3<Double>) -> SIMD2<Double>? {
    guard pointInCamera.z > 1e-9 else { return nil }
    let ideal = SIMD2(pointInCamera.x, pointInCamera.y) / pointInCamera.z
    return distortion.distort(ideal) * focalLength + principalPoint
  }

  /// The ray of a pixel, as the point at depth z = 1.
  ///
  /// - Returns: `nil` where the distortion model cannot be inverted (far outside the picture it was fitted to).
  public func unproject(_ pixel: SIMD2<Double>) -> SIMD3<Double>? {
    guard let ideal = distortion.undistort((pixel - principalPoint) / focalLength) else { return nil }
    return SIMD3(ideal.x, ideal.y, 1)
  }

  /// Whether a pixel coordinate falls on one of the picture's pixels.
  public func contains(pixel: SIMD2<Double>) -> Bool {
    pixel.x >= -0.5 && pixel.y >= -0.5 && pixel.x < Double(width) - 0.5 && pixel.y < Double(height) - 0.5
  }
}

/// Brown–Conrady lens distortion on the plane z = 1: two radial and two tangential terms, OpenCV's k1, k2, p1, p2.
public struct RadialTangentialDistortion: Hashable, Sendable {
  public var k1: Double
  public var k2: Double
  public var p1: Double
  public var p2: Double

  public static let none = RadialTangentialDistortion(k1: 0, k2: 0, p1: 0, p2: 0)

  public init(k1: Double, k2: Double, p1: Double, p2: Double) {
    self.k1 = k1
    self.k2 = k2
    self.p1 = p1
    self.p2 = p2
  }

  /// Where the lens puts the ideal point `(x, y)`.
  public func distort(_ ideal: SIMD2<Double>) -> SIMD2<Double> {
    let (x, y) = (ideal.x, ideal.y)
    let squaredRadius = x * x + y * y
    let radial = 1 + squaredRadius * (k1 + squaredRadius * k2)
    return SIMD2(
      x * radial + 2 * p1 * x * y + p2 * (squaredRadius + 2 * x * x),
      y * radial + p1 * (squaredRadius + 2 * y * y) + 2 * p2 * x * y)
  }

  /// The inverse of `distort`, by Newton's method with the exact derivative.
  ///
  /// - Returns: `nil` when the iteration does not converge to 1e-10, or converges to another branch, where the model
  ///   folds over itself.
  public func undistort(_ distorted: SIMD2<Double>) -> SIMD2<Double>? {
    guard self != .none else { return distorted }
    var ideal = distorted
    for _ in 0..<25 {
      let error = distort(ideal) - distorted
      let (dxx, dxy, dyy) = derivative(at: ideal)
      let determinant = dxx * dyy - dxy * dxy
      // The lens map keeps orientation wherever it is one-to-one; past the fold the determinant changes sign.
      guard determinant > 1e-6 else { return nil }
      if (error * error).sum() < 1e-24 { return ideal }
      ideal -= SIMD2(dyy * error.x - dxy * error.y, dxx * error.y - dxy * error.x) / determinant
    }
    let error = distort(ideal) - distorted
    return (error * error).sum() < 1e-20 ? ideal : nil
  }

  /// The symmetric derivative of `distort`: ∂x'/∂x, ∂x'/∂y = ∂y'/∂x, ∂y'/∂y.
  func derivative(at ideal: SIMD2<Double>) -> (Double, Double, Double) {
    let (x, y) = (ideal.x, ideal.y)
    let squaredRadius = x * x + y * y
    let radial = 1 + squaredRadius * (k1 + squaredRadius * k2)
    let slope = 2 * (k1 + 2 * k2 * squaredRadius)
    return (
      radial + slope * x * x + 2 * p1 * y + 6 * p2 * x,
      slope * x * y + 2 * p1 * x + 2 * p2 * y,
      radial + slope * y * y + 6 * p1 * y + 2 * p2 * x
    )
  }
}
