/// How well a shape stands out from what is around: means over the latest frames, each counting a tenth.
struct ShapeQuality: Sendable {
  /// How sure its cells are, −1…1.
  private(set) var inside: Float = 0.5
  /// How sure those right outside are.
  private(set) var outside: Float = 0
  /// Share of the box that it fills.
  private(set) var fill: Float = 0.6
  /// How unlike the ground its cells are where the ground was in sight, 0…1.
  private(set) var bare: Float = 0.3
  /// By how much its motion explains its cells better than rest does, −1…1; of the latest frame.
  private(set) var gain: Float = 0

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
    self.inside += 0.1 * (inside - self.inside)
    self.outside += 0.1 * (outside - self.outside)
    self.fill += 0.1 * (fill - self.fill)
    if let bare { self.bare += 0.1 * (bare - self.bare) }
    self.gain = gain
  }
}
