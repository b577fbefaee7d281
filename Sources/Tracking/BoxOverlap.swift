/// What boxes have in common: left, top, right, bottom in pixels; the right and the bottom edge are outside.
public enum BoxOverlap {
  /// 0 for boxes that are inside out.
  public static func area(_ box: SIMD4<Float>) -> Float { max(box.z - box.x, 0) * max(box.w - box.y, 0) }

  /// Area of the intersection.
  public static func common(_ a: SIMD4<Float>, _ b: SIMD4<Float>) -> Float {
    let sides = pointwiseMin(a.highHalf, b.highHalf) - pointwiseMax(a.lowHalf, b.lowHalf)
    return sides.x > 0 && sides.y > 0 ? sides.x * sides.y : 0
  }

  /// Intersection over union; 0 for boxes without area.
  public static func ofUnion(_ a: SIMD4<Float>, _ b: SIMD4<Float>) -> Float {
    let common = common(a, b)
    return common > 0 ? common / (area(a) + area(b) - common) : 0
  }

  /// Intersection over the smaller of both; 0 for boxes without area.
  public static func ofSmaller(_ a: SIMD4<Float>, _ b: SIMD4<Float>) -> Float {
    let common = common(a, b)
    return common > 0 ? common / min(area(a), area(b)) : 0
  }

  /// Share of a box that lies in another; 0 for boxes without area.
  public static func share(of a: SIMD4<Float>, in b: SIMD4<Float>) -> Float {
    let common = common(a, b)
    return common > 0 ? common / area(a) : 0
  }

  /// The smallest box around both.
  public static func hull(_ a: SIMD4<Float>, _ b: SIMD4<Float>) -> SIMD4<Float> {
    SIMD4(lowHalf: pointwiseMin(a.lowHalf, b.lowHalf), highHalf: pointwiseMax(a.highHalf, b.highHalf))
  }
}
