internal import Geometry

/// Where something that stands still is: the point that all rays meet, in the sense of least squares.
///
/// Each ray tells nothing along itself, `(I − d·dᵀ)/(σ·r)²`, and each range along its ray only, `d·dᵀ/σ²`: their sum is
/// the information matrix. Outliers are weighted down after Huber.
struct StandingSolver {
  /// How far the camera's places may be off, in units of the map.
  var placeDeviation: Double
  /// Ranges are no independent measurements: so many of them count, however many there are.
  static let independentRanges = 3.0
  /// How much better a point at a finite distance has to fit than one at infinity, to be believed without ranges.
  static let parallaxGain = 20.0
  /// Errors beyond so many standard deviations count less.
  private static let huber = 2.5

  /// - Returns: `nil` where neither parallax nor a range tells how far it is.
  func solve(_ rays: [Ray]) -> PlaceEstimate? {
    guard let reference = rays.last else { return nil }
    let ranges = rays.filter { $0.range != nil }
    var starts: [SIMD3<Double>] = []
    if let ray = ranges.last, let range = ray.range { starts.append(ray.origin + range.distance * ray.direction) }
    if let far = triangulationStart(rays, reference, needsGain: ranges.isEmpty) { starts.append(far) }
    return starts.compactMap { refine(rays, from: $0) }.min { $0.squaredError < $1.squaredError }
  }

  private func variance(_ ray: Ray, oneOf count: Int, at distance: Double) -> Double {
    ray.variance(oneOf: count, at: distance) + placeDeviation * placeDeviation
  }

  private func rangeWeight(_ rays: [Ray]) -> Double {
    let count = rays.count { $0.range != nil }
    return count == 0 ? 1 : min(1, Self.independentRanges / Double(count))
  }

  /// The point of the last ray that fits best to all others; `nil` where one at infinity fits as well.
  private func triangulationStart(_ rays: [Ray], _ reference: Ray, needsGain: Bool) -> SIMD3<Double>? {
    let baseline = rays.reduce(0) { max($0, ($1.origin - reference.origin).norm) }
    guard rays.count > 2, baseline > 4 * placeDeviation, baseline > 1e-9 else { return nil }
    func error(_ inverse: Double) -> Double {
      rays.reduce(0) { sum, ray in
        // In units of the distance, so that infinity is a place like any other.
        let toPoint = reference.direction + inverse * (reference.origin - ray.origin)
        let length = toPoint.norm
        guard toPoint.dot(ray.direction) > 0 else { return sum + 1e6 }
        let offset = ray.across * toPoint / length
        let place = placeDeviation * inverse / length
        return sum + offset.dot(offset) / (ray.variance(oneOf: rays.count, at: 1) + place * place)
      }
    }
    let atInfinity = error(0)
    var best = (inverse: 0.0, error: atInfinity)
    var inverse = 1 / (2_000 * baseline)
    while inverse < 4 / baseline {
      let value = error(inverse)
      if value < best.error { best = (inverse, value) }
      inverse *= 1.15
    }
    guard best.inverse > 0, !needsGain || atInfinity - best.error > Self.parallaxGain else { return nil }
    return reference.origin + reference.direction / best.inverse
  }

  private func refine(_ rays: [Ray], from start: SIMD3<Double>) -> PlaceEstimate? {
    var position = start
    let rangeWeight = rangeWeight(rays)
    var information = Matrix3.zero
    var alongShare = (rays: 0.0, ranges: 0.0)
    var squaredErrors = (rays: 0.0, ranges: 0.0)
    for _ in 0..<8 {
      information = .zero
      (alongShare, squaredErrors) = ((0, 0), (0, 0))
      var right = SIMD3<Double>.zero
      let sight = position - (rays.last?.origin ?? .zero)
      for ray in rays {
        let offset = position - ray.origin
        let distance = offset.dot(ray.direction)
        guard distance > 0, distance.isFinite else { return nil }
        let across = ray.across
        let error = across * offset
        let variance = variance(ray, oneOf: rays.count, at: distance)
        let squared = error.dot(error) / variance
        let weight = Self.weight(squared) / variance
        information = information + weight * across
        right -= weight * error
        squaredErrors.rays += Self.bounded(squared)
        alongShare.rays += weight * across.quadratic(sight)
        guard let range = ray.range else { continue }
        let difference = distance - range.distance
        let rangeSquared = difference * difference / (range.deviation * range.deviation)
        let rangeInformation = rangeWeight * Self.weight(rangeSquared) / (range.deviation * range.deviation)
        information = information + rangeInformation * Matrix3.outer(ray.direction)
        right -= rangeInformation * difference * ray.direction
        squaredErrors.ranges += rangeWeight * Self.bounded(rangeSquared)
        let cosine = ray.direction.dot(sight)
        alongShare.ranges += rangeInformation * cosine * cosine
      }
      guard let step = information.symmetricInverse.map({ $0 * right }) else { return nil }
      position += step
      if step.norm < 1e-6 * max(sight.norm, 1e-12) { break }
    }
    guard var covariance = information.symmetricInverse else { return nil }
    // Looks that contradict each other more than they should are less certain than they say (Birge's ratio).
    let contradiction = max(
      squaredErrors.rays / Double(max(1, 2 * rays.count - 3)), squaredErrors.ranges / Self.independentRanges)
    covariance = max(1, contradiction) * covariance + common(rays, at: position)
    let method: MappedObject.Method =
      alongShare.rays > alongShare.ranges
      ? .triangulation : rays.last { $0.range != nil }?.range?.method ?? .triangulation
    return PlaceEstimate(
      position: position, covariance: covariance, method: method,
      squaredError: squaredErrors.rays + squaredErrors.ranges)
  }

  /// What no number of looks takes away: the middle of what is seen is not quite the same point of the object, and lies
  /// on the side that faces the camera.
  private func common(_ rays: [Ray], at position: SIMD3<Double>) -> Matrix3 {
    var (across, along) = (0.0, Matrix3.zero)
    for ray in rays {
      let length = ray.commonDeviation * (position - ray.origin).norm
      across += 0.25 * length * length
      let depth = Self.facingShare * (ray.extent * ray.extent).sum().squareRoot() * (position - ray.origin).norm
      along = along + (depth * depth) * Matrix3.outer(ray.direction)
    }
    let share = 1 / Double(max(1, rays.count))
    return (share * across) * .identity + share * along
  }

  /// How far the middle of what is seen is in front of the object's, one standard deviation, as a share of its diagonal.
  private static let facingShare = 0.15

  /// Huber's weight and error for an error over its deviation, squared.
  static func weight(_ squared: Double) -> Double { squared <= huber * huber ? 1 : huber / squared.squareRoot() }
  static func bounded(_ squared: Double) -> Double {
    squared <= huber * huber ? squared : 2 * huber * squared.squareRoot() - huber * huber
  }
}
