/// An object that is followed, as it is in one frame.
public struct TrackedObject: Hashable, Sendable {
  /// How an object of a frame is known.
  public enum Sighting: String, Hashable, Sendable {
    /// It was found, or followed, in the pixels of this frame.
    case measured
    /// It was found in an earlier frame, and its mask was carried here by the flow of the pixels.
    case carried
    /// It is hidden: where it should be, had it gone on as before.
    case predicted
  }

  /// Stays the same as long as the object is followed; never used again.
  public var id: Int
  /// What it is, in words, by the vote of all its detections.
  public var label: String
  /// How sure that is, 0…1.
  public var score: Float
  /// Left, top, right, bottom, pixels of the picture; the right and the bottom edge are outside.
  public var box: SIMD4<Float>
  /// Its pixels, as large as the picture; `nil` where only its box is known.
  public var mask: RunLengthMask?
  public var sighting: Sighting

  public init(
    id: Int, label: String, score: Float, box: SIMD4<Float>, mask: RunLengthMask? = nil, sighting: Sighting = .measured
  ) {
    self.id = id
    self.label = label
    self.score = score
    self.box = box
    self.mask = mask
    self.sighting = sighting
  }
}
