public import Geometry

/// What is not known of a camera for certain: its focal length, by a factor, and the first coefficient of its
/// distortion. All pictures share them, so that many views of many points tell them.
public struct Intrinsics: Hashable, Sendable {
  /// The camera that was assumed.
  public var assumed: CameraModel
  /// Standard deviation of the focal length, as a share of it, and of k1.
  public var deviation: SIMD2<Double>

  /// - Parameters:
  ///   - assumed: where the adjustment is pulled to, weakly.
  ///   - focalDeviation: share by which the focal length may be wrong.
  ///   - distortionDeviation: by how much k1 may be wrong.
  public init(assumed: CameraModel, focalDeviation: Double = 0.3, distortionDeviation: Double = 0.2) {
    self.assumed = assumed
    deviation = SIMD2(focalDeviation, distortionDeviation)
  }

  /// One over the variances.
  var weight: SIMD2<Double> { 1 / (deviation * deviation) }

  /// How far a camera is from the assumed one: share of the focal length, k1.
  func error(_ camera: CameraModel) -> SIMD2<Double> {
    SIMD2(camera.focalLength.x / assumed.focalLength.x - 1, camera.firstDistortion - assumed.firstDistortion)
  }

  /// What the distance from the assumed camera costs, pixels².
  func cost(_ camera: CameraModel) -> Double {
    let error = error(camera)
    return (weight * error * error).sum()
  }

  /// How far `bent` changes k1.
  private static let bend = 1e-5

  /// A camera of a slightly greater k1.
  static func bent(_ camera: CameraModel) -> CameraModel { camera.moved(focalShare: 0, distortion: bend) }

  /// The derivative of a pixel by the share of the focal length, and by k1.
  /// - Parameter bent: the same camera, bent.
  static func derivative(
    _ camera: CameraModel, bent: CameraModel, _ pointInCamera: SIMD3<Double>, _ pixel: SIMD2<Double>
  ) -> (u: SIMD2<Double>, v: SIMD2<Double>)? {
    guard let moved = bent.project(pointInCamera) else { return nil }
    let (byFocal, byDistortion) = (pixel - camera.principalPoint, (moved - pixel) / bend)
    return (SIMD2(byFocal.x, byDistortion.x), SIMD2(byFocal.y, byDistortion.y))
  }
}

extension CameraModel {
  /// k1, of either lens model.
  var firstDistortion: Double {
    switch self {
    case .pinhole(let camera): camera.distortion.k1
    case .fisheye(let camera): camera.distortion.x
    }
  }

  /// With focal lengths greater by a share, at most doubled or halved, and k1 greater by `distortion`.
  func moved(focalShare: Double, distortion: Double) -> CameraModel {
    let factor = min(max(1 + focalShare, 0.5), 2)
    switch self {
    case .pinhole(var camera):
      camera.focalLength *= factor
      camera.distortion.k1 += distortion
      return .pinhole(camera)
    case .fisheye(var camera):
      camera.focalLength *= factor
      camera.distortion.x += distortion
      return .fisheye(camera)
    }
  }
}
