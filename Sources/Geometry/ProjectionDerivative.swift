/// A projected point, and how its pixel moves with the point.
public struct LinearProjection: Hashable, Sendable {
  public var pixel: SIMD2<Double>
  /// ∂u/∂(x, y, z) in camera axes, pixels per unit of length.
  public var uGradient: SIMD3<Double>
  /// ∂v/∂(x, y, z) in camera axes, pixels per unit of length.
  public var vGradient: SIMD3<Double>
}

extension CameraModel {
  /// Projects a point, with the derivative by the point.
  ///
  /// - Returns: `nil` when the point is not in front of the camera.
  public func projectLinearly(_ pointInCamera: SIMD3<Double>) -> LinearProjection? {
    switch self {
    case .pinhole(let camera): camera.projectLinearly(pointInCamera)
    case .fisheye(let camera): camera.projectLinearly(pointInCamera)
    }
  }
}

extension PinholeCamera {
  /// ``CameraModel/projectLinearly(_:)`` of this camera.
  public func projectLinearly(_ pointInCamera: SIMD3<Double>) -> LinearProjection? {
    guard pointInCamera.z > 1e-9 else { return nil }
    let inverseDepth = 1 / pointInCamera.z
    let ideal = SIMD2(pointInCamera.x, pointInCamera.y) * inverseDepth
    let (dxx, dxy, dyy) = distortion.derivative(at: ideal)
    // ∂ideal/∂point has the rows (1, 0, −x)/z and (0, 1, −y)/z.
    let u = SIMD3(dxx, dxy, -(dxx * ideal.x + dxy * ideal.y)) * (inverseDepth * focalLength.x)
    let v = SIMD3(dxy, dyy, -(dxy * ideal.x + dyy * ideal.y)) * (inverseDepth * focalLength.y)
    return LinearProjection(
      pixel: distortion.distort(ideal) * focalLength + principalPoint, uGradient: u, vGradient: v)
  }
}

extension FisheyeCamera {
  /// ``CameraModel/projectLinearly(_:)`` of this camera.
  public func projectLinearly(_ pointInCamera: SIMD3<Double>) -> LinearProjection? {
    let (x, y, z) = (pointInCamera.x, pointInCamera.y, pointInCamera.z)
    guard z > 1e-9 else { return nil }
    let squaredSide = x * x + y * y
    let side = squaredSide.squareRoot()
    guard side > 1e-9 * z else {
      // On the axis the lens is a pinhole.
      return LinearProjection(
        pixel: principalPoint, uGradient: SIMD3(focalLength.x / z, 0, 0), vGradient: SIMD3(0, focalLength.y / z, 0))
    }
    let angle = arcTangent(side, z)
    let (radius, slope) = (imageRadius(ofAngle: angle), imageRadiusSlope(atAngle: angle))
    let squaredRange = squaredSide + z * z
    let ratio = radius / side
    // ∂θ/∂(x, y, z) = (x z / side, y z / side, −side) / range²
    let angleGradient = SIMD3(x * z / side, y * z / side, -side) / squaredRange
    // ∂(radius / side) = slope · ∂θ / side − radius · ∂side / side²
    let ratioGradient = angleGradient * (slope / side) - SIMD3(x, y, 0) * (radius / (squaredSide * side))
    return LinearProjection(
      pixel: SIMD2(x, y) * ratio * focalLength + principalPoint,
      uGradient: (ratioGradient * x + SIMD3(ratio, 0, 0)) * focalLength.x,
      vGradient: (ratioGradient * y + SIMD3(0, ratio, 0)) * focalLength.y)
  }
}
