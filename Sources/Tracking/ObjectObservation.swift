public import MediaModel

/// Something that a detector found in one frame, not yet known to be the same as anything before.
public struct ObjectObservation: Hashable, Sendable {
  /// Left, top, right, bottom, pixels.
  public var box: SIMD4<Float>
  /// Its pixels, as large as the picture; `nil` where only its box is known.
  public var mask: RunLengthMask?
  /// What it is, in words. May be empty.
  public var label: String
  /// How sure that is, 0…1.
  public var score: Float
  /// How it looks: a histogram of its colours that adds up to 1; empty when nobody looked. Observations of one tracker
  /// have equally many places, or none.
  public var appearance: [Float]

  public init(
    box: SIMD4<Float>, mask: RunLengthMask? = nil, label: String, score: Float, appearance: [Float] = []
  ) {
    self.box = box
    self.mask = mask
    self.label = label
    self.score = score
    self.appearance = appearance
  }
}
