public import Geometry

/// Finds points from the rays that see them.
public enum Triangulation {
  /// A ray in the world.
  public struct Ray: Hashable, Sendable {
    /// Centre of the camera.
    public var origin: SIMD3<Double>
    /// Unit vector.
    public var direction: SIMD3<Double>

    public init(origin: SIMD3<Double>, direction: SIMD3<Double>) {
      self.origin = origin
      self.direction = direction.normalized
    }

    /// The ray of a point at depth 1 in a camera.
    public init(worldFromCamera: SE3, bearing: SIMD3<Double>) {
      self.init(origin: worldFromCamera.translation, direction: worldFromCamera.rotation * bearing)
    }
  }

  /// The point nearest to all rays, in the sum of squared distances.
  ///
  /// - Returns: `nil` when the rays are parallel to working precision, or the point lies behind one of them.
  public static func nearestPoint(to rays: some Sequence<Ray>) -> SIMD3<Double>? {
    // Σ (I − d dᵀ) · (x − o) = 0
    var system = Matrix3(.zero, .zero, .zero)
    var right = SIMD3<Double>.zero
    var count = 0.0
    for ray in rays {
      let d = ray.direction
      let projector = Matrix3(
        SIMD3(1, 0, 0) - d * d.x, SIMD3(0, 1, 0) - d * d.y, SIMD3(0, 0, 1) - d * d.z)
      system = system + projector
      right += projector * ray.origin
      count += 1
    }
    // The determinant is about the square of the greatest angle between rays.
    guard count >= 2, let point = system.solve(right, minimalDeterminant: 1e-12 * count * count * count) else {
      return nil
    }
    return rays.allSatisfy { ($0.direction).dot(point - $0.origin) > 0 } ? point : nil
  }

  /// The greatest angle between two of the rays to a point, radians: how well its depth is known.
  public static func parallax(of point: SIMD3<Double>, from origins: [SIMD3<Double>]) -> Double {
    let directions = origins.map { (point - $0).normalized }
    var smallest = 1.0
    for (index, direction) in directions.enumerated() {
      for other in directions[..<index] { smallest = min(smallest, direction.dot(other)) }
    }
    // For small angles 1 − cos θ = θ²/2 keeps more digits than the arc cosine.
    return 2 * ((1 - smallest) / 2).squareRoot()
  }
}
