internal import Geometry

/// One look at an object: a line on which it is, and perhaps how far along.
struct Ray: Hashable, Sendable {
  var nanos: Int64
  /// Where the camera was.
  var origin: SIMD3<Double>
  /// Of length 1.
  var direction: SIMD3<Double>
  /// Across the ray, one standard deviation, radians.
  var deviation: Double
  /// Part of it that is about the same from frame to frame.
  var commonDeviation: Double
  /// Width and height of the object, radians.
  var extent: SIMD2<Double>
  var range: Range?

  /// How far an object is along its ray.
  struct Range: Hashable, Sendable {
    var distance: Double
    /// One standard deviation. Errors of this kind are much the same from frame to frame.
    var deviation: Double
    var method: MappedObject.Method
  }

  /// `(I − d·dᵀ)`: what is across the ray.
  var across: Matrix3 { .identity - .outer(direction) }

  /// Across the ray, squared, when it is one of `count` rays from the same neighbourhood: the middle of what is seen wanders
  /// slowly, so that only so many of them tell something new of it.
  func variance(oneOf count: Int, at distance: Double) -> Double {
    let repeated = max(1, Double(count) / Self.independentLooks) - 1
    return distance * distance * (deviation * deviation + repeated * commonDeviation * commonDeviation)
  }

  /// How many looks at the middle of an object are worth something, however many there are.
  private static let independentLooks = 3.0

  /// Where it was before a correction, put to where that is now.
  func moved(by newFromOld: SE3) -> Ray {
    var moved = self
    moved.origin = newFromOld * origin
    moved.direction = newFromOld.rotation * direction
    return moved
  }
}

/// A place and how well it is known.
struct PlaceEstimate: Hashable, Sendable {
  var position: SIMD3<Double>
  var covariance: Matrix3
  var method: MappedObject.Method
  /// Sum of squared errors over their variances.
  var squaredError: Double
}
