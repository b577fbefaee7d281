public import Geometry

/// A sensor that reads its rows one after the other, so that each sees the world from where the camera is by then.
///
/// The pose of a picture is that of its middle row. Source: Hedborg et al. 2012, "Rolling shutter bundle adjustment",
/// with constant velocity during a picture, which is taken off the observations instead of being estimated.
public struct RollingShutter: Sendable {
  public let camera: CameraModel
  /// From the first row to the last, seconds; 0 for a global shutter.
  public let readoutSeconds: Double

  public init(camera: CameraModel, readoutSeconds: Double) {
    self.camera = camera
    self.readoutSeconds = readoutSeconds
  }

  /// How far a pixel is from where it would be if all rows were read with the middle one.
  /// - Parameters:
  ///   - depth: of the point that it shows, along the optical axis.
  ///   - twist: motion of the camera in one second: `cameraFromWorld(t) = exp(t · twist) · cameraFromWorld(0)`.
  /// - Returns: what to add to the pixel; zero where the point is not in front of the camera.
  public func correction(_ pixel: SIMD2<Double>, depth: Double, twist: SE3.Twist) -> SIMD2<Double> {
    guard readoutSeconds != 0, depth > 0, let bearing = camera.unproject(pixel) else { return .zero }
    let rows = Double(max(camera.height - 1, 1))
    let seconds = (pixel.y / rows - 0.5) * readoutSeconds
    let middleFromRow = SE3.exp(SE3.Twist(linear: twist.linear * -seconds, angular: twist.angular * -seconds))
    guard let moved = camera.project(middleFromRow * (bearing * depth)) else { return .zero }
    return moved - pixel
  }
}
