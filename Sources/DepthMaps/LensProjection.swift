import Geometry

/// A camera model in single precision, for the inner loop of the search. Errors stay below 0.01 pixels.
struct LensProjection {
  private let focalLength: SIMD2<Float>
  private let principalPoint: SIMD2<Float>
  private let distortion: SIMD4<Float>
  /// For a fisheye: r(θ)·(s + z)/s at s/(s + z) = i / (count − 1), s = (x² + y²)^½, which is finite on the whole half
  /// space before the camera. Empty for a pinhole.
  private let radiusRatios: [Float]

  init(_ camera: CameraModel) {
    focalLength = SIMD2<Float>(camera.focalLength)
    principalPoint = SIMD2<Float>(camera.principalPoint)
    switch camera {
    case .pinhole(let pinhole):
      let lens = pinhole.distortion
      distortion = SIMD4<Float>(SIMD4(lens.k1, lens.k2, lens.p1, lens.p2))
      radiusRatios = []
    case .fisheye(let fisheye):
      distortion = .zero
      let count = 2048
      radiusRatios = (0..<count).map { index in
        let share = Double(index) / Double(count - 1)
        guard index > 0, let pixel = fisheye.project(SIMD3(share, 0, max(1 - share, 1e-6))) else { return 1 }
        return Float((pixel.x - fisheye.principalPoint.x) / fisheye.focalLength.x / share)
      }
    }
  }

  /// The pixel that sees a point; not a number for a point that is not before the camera.
  @inline(__always)
  func project(_ point: SIMD3<Float>) -> SIMD2<Float> {
    guard point.z > 1e-6 else { return SIMD2(.nan, .nan) }
    if radiusRatios.isEmpty {
      let (x, y) = (point.x / point.z, point.y / point.z)
      let squaredRadius = x * x + y * y
      let radial = 1 + squaredRadius * (distortion.x + squaredRadius * distortion.y)
      let tangentialX = 2 * distortion.z * x * y + distortion.w * (squaredRadius + 2 * x * x)
      let tangentialY = distortion.z * (squaredRadius + 2 * y * y) + 2 * distortion.w * x * y
      return SIMD2(x * radial + tangentialX, y * radial + tangentialY) * focalLength + principalPoint
    }
    let side = (point.x * point.x + point.y * point.y).squareRoot()
    let share = side / (side + point.z) * Float(radiusRatios.count - 1)
    guard share >= 0, share < Float(radiusRatios.count - 1) else { return SIMD2(.nan, .nan) }
    let index = Int(share)
    let ratio = radiusRatios[index] + (share - Float(index)) * (radiusRatios[index + 1] - radiusRatios[index])
    return SIMD2(point.x, point.y) * (ratio / (side + point.z)) * focalLength + principalPoint
  }
}

/// Where the reference camera's points are in a neighbour: `pointInNeighbour = rotation · point + translation`.
struct NeighbourPose {
  private let columns: (SIMD3<Float>, SIMD3<Float>, SIMD3<Float>)
  let translation: SIMD3<Float>

  init(_ neighbourFromReference: SE3) {
    let m = neighbourFromReference.rotation.matrix
    func column(_ j: Int) -> SIMD3<Float> { SIMD3(Float(m[0, j]), Float(m[1, j]), Float(m[2, j])) }
    columns = (column(0), column(1), column(2))
    translation = SIMD3<Float>(neighbourFromReference.translation)
  }

  /// The direction, in the neighbour's axes, of the reference's ray through `(x, y, 1)`. The point of inverse depth w
  /// on that ray is at `direction + w · translation`, up to scale.
  @inline(__always)
  func direction(_ ray: SIMD2<Float>) -> SIMD3<Float> {
    columns.0 * ray.x + columns.1 * ray.y + columns.2
  }
}
