/// Something that was found in a picture.
public struct DetectedBox: Hashable, Sendable {
  /// Left, top, right, bottom, pixels.
  public var box: SIMD4<Float>
  /// How sure it is, 0…1.
  public var score: Float
  /// What it is, in words. May be empty.
  public var label: String
  /// Which class or phrase of the prompt it is of; `nil` when that is not clear.
  public var category: Int?

  public init(box: SIMD4<Float>, score: Float, label: String, category: Int?) {
    self.box = box
    self.score = score
    self.label = label
    self.category = category
  }

  /// Intersection over union of two boxes, left, top, right, bottom; 0 for boxes without area.
  public static func overlap(_ a: SIMD4<Float>, _ b: SIMD4<Float>) -> Float {
    let sides = pointwiseMin(a.highHalf, b.highHalf) - pointwiseMax(a.lowHalf, b.lowHalf)
    guard sides.x > 0, sides.y > 0 else { return 0 }
    func area(_ box: SIMD4<Float>) -> Float { (box.z - box.x) * (box.w - box.y) }
    let common = sides.x * sides.y
    return common / (area(a) + area(b) - common)
  }
}
