/// A camera, whichever lens it has.
public enum CameraModel: Hashable, Sendable {
  case pinhole(PinholeCamera)
  case fisheye(FisheyeCamera)

  /// A camera of which only the picture's size is known: no distortion, and the field of view that phones and drones
  /// usually have, 65° across the longer side.
  public static func assumed(width: Int, height: Int) -> CameraModel {
    let focalLength = Self.usualFocalLength * Double(max(width, height))
    return .pinhole(
      PinholeCamera(
        focalLength: SIMD2(focalLength, focalLength),
        principalPoint: SIMD2(Double(width) - 1, Double(height) - 1) / 2, width: width, height: height))
  }

  /// Focal length over the longer side of the picture, of the main camera of phones and drones.
  static let usualFocalLength = 0.78

  /// Focal lengths, pixels.
  public var focalLength: SIMD2<Double> {
    switch self {
    case .pinhole(let camera): camera.focalLength
    case .fisheye(let camera): camera.focalLength
    }
  }

  /// Principal point, pixels.
  public var principalPoint: SIMD2<Double> {
    switch self {
    case .pinhole(let camera): camera.principalPoint
    case .fisheye(let camera): camera.principalPoint
    }
  }

  /// Picture width, pixels.
  public var width: Int {
    switch self {
    case .pinhole(let camera): camera.width
    case .fisheye(let camera): camera.width
    }
  }

  /// Picture height, pixels.
  public var height: Int {
    switch self {
    case .pinhole(let camera): camera.height
    case .fisheye(let camera): camera.height
    }
  }

  /// The pixel that sees `pointInCamera`, or `nil` when the point is not in front of the camera.
  public func project(_ pointInCamera: SIMD3<Double>) -> SIMD2<Double>? {
    switch self {
    case .pinhole(let camera): camera.project(pointInCamera)
    case .fisheye(let camera): camera.project(pointInCamera)
    }
  }

  /// The ray of a pixel, as the point at depth z = 1; `nil` where the lens model has no inverse.
  public func unproject(_ pixel: SIMD2<Double>) -> SIMD3<Double>? {
    switch self {
    case .pinhole(let camera): camera.unproject(pixel)
    case .fisheye(let camera): camera.unproject(pixel)
    }
  }

  /// Whether a pixel coordinate falls on the picture, at least `margin` pixels away from its edge.
  public func contains(pixel: SIMD2<Double>, margin: Double = 0) -> Bool {
    pixel.x >= margin - 0.5 && pixel.y >= margin - 0.5 && pixel.x < Double(width) - 0.5 - margin
      && pixel.y < Double(height) - 0.5 - margin
  }

  /// The same camera for pictures of another size, whose edges are the same. Distortion has no unit and stays.
  /// - Parameter factor: pixels there for one here.
  public func scaled(by factor: Double, width: Int, height: Int) -> CameraModel {
    let focal = focalLength * factor
    let centre = (principalPoint + 0.5) * factor - 0.5
    switch self {
    case .pinhole(let camera):
      return .pinhole(
        PinholeCamera(
          focalLength: focal, principalPoint: centre, distortion: camera.distortion, width: width, height: height))
    case .fisheye(let camera):
      return .fisheye(
        FisheyeCamera(
          focalLength: focal, principalPoint: centre, distortion: camera.distortion, width: width, height: height))
    }
  }
}
