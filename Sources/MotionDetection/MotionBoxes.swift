/// Arithmetic of boxes: left, top, right, bottom.
enum MotionBoxes {
  static func area(_ box: SIMD4<Float>) -> Float { max(box.z - box.x, 0) * max(box.w - box.y, 0) }

  static func common(_ a: SIMD4<Float>, _ b: SIMD4<Float>) -> Float {
    area(SIMD4(lowHalf: pointwiseMax(a.lowHalf, b.lowHalf), highHalf: pointwiseMin(a.highHalf, b.highHalf)))
  }

  static func union(_ a: SIMD4<Float>, _ b: SIMD4<Float>) -> SIMD4<Float> {
    SIMD4(lowHalf: pointwiseMin(a.lowHalf, b.lowHalf), highHalf: pointwiseMax(a.highHalf, b.highHalf))
  }

  /// Intersection over union.
  static func overlap(_ a: SIMD4<Float>, _ b: SIMD4<Float>) -> Float {
    let common = common(a, b)
    return common > 0 ? common / (area(a) + area(b) - common) : 0
  }

  /// Share of a box that lies in another.
  static func share(of a: SIMD4<Float>, in b: SIMD4<Float>) -> Float { common(a, b) / max(area(a), 1) }
}
