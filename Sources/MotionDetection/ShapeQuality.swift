/// How well a shape stands out from what is around, over the latest frames.
struct ShapeQuality: Sendable {
  /// How sure its cells are, −1…1.
  private(set) var inside = FadingMean(0.5)
  /// How sure those right outside are.
  private(set) var outside = FadingMean(0)
  /// Share of the box that it fills.
  private(set) var fill = FadingMean(0.6)
  /// How unlike the ground its cells are where the ground was in sight, 0…1.
  private(set) var bare = FadingMean(0.3)
  /// By how much its motion explains its cells better than rest does, −1…1; of the latest frame.
  private(set) var gain: Float = 0
  /// Means of the logarithms of the odds of its cells, and of those right outside; of the latest frame.
  var odds: (inside: Float, outside: Float) = (1, -1)
  /// Cells that are likely the object's and not held to be, by those that are; of the latest frame.
  var others: Float = 0
  /// Cells of it at the border of the window, by the square root of all of its cells; of the latest frame.
  var cut: Float = 0
  /// Overlap of its box with that of the frame before.
  private(set) var steadiness = FadingMean(0.6)

  /// A mean that is being summed up.
  struct Mean {
    private var sum: Float = 0
    private(set) var count: Float = 0
    var value: Float { sum / max(count, 1) }

    mutating func add(_ value: Float) {
      sum += value
      count += 1
    }
  }

  /// Takes in a frame.
  /// - Parameter bare: `nil` where the ground was not in sight.
  mutating func take(inside: Float, outside: Float, fill: Float, bare: Float?, gain: Float) {
    self.inside.take(inside)
    self.outside.take(outside)
    self.fill.take(fill)
    if let bare { self.bare.take(bare) }
    self.gain = gain
  }

  mutating func take(steadiness: Float) { self.steadiness.take(steadiness) }
}
