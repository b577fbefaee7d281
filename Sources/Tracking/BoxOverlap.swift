/// Boxes are left, top, right, bottom, pixels; the right and the bottom edge are outside.
enum BoxOverlap {
  static func area(_ box: SIMD4<Float>) -> Float { max(box.z - box.x, 0) * max(box.w - box.y, 0) }

  static func common(_ a: SIMD4<Float>, _ b: SIMD4<Float>) -> Float {
    let sides = pointwiseMin(a.highHalf, b.highHalf) - pointwiseMax(a.lowHalf, b.lowHalf)
    return sides.x > 0 && sides.y > 0 ? sides.x * sides.y : 0
  }

  /// Intersection over union; 0 for boxes without area.
  static func ofUnion(_ a: SIMD4<Float>, _ b: SIMD4<Float>) -> Float {
    let common = common(a, b)
    return common > 0 ? common / (area(a) + area(b) - common) : 0
  }

  /// Intersection over the smaller of both; 0 for boxes without area.
  static func ofSmaller(_ a: SIMD4<Float>, _ b: SIMD4<Float>) -> Float {
    let common = common(a, b)
    return common > 0 ? common / min(area(a), area(b)) : 0
  }
}
