public import MediaModel

/// What something that follows pixels, such as SAM 2, says of one object in one frame.
public struct FollowedMask: Hashable, Sendable {
  /// The id that ``ObjectTracker/associate(_:at:)`` gave the object.
  public var id: Int
  /// Its pixels, as large as the picture; empty or `nil` where it is hidden.
  public var mask: RunLengthMask?
  /// Left, top, right, bottom, pixels; the right and the bottom edge are outside.
  public var box: SIMD4<Float>
  /// Whether it is seen in the frame.
  public var isVisible: Bool
  /// How good the mask is by its maker's own estimate, 0…1.
  public var quality: Float
  /// Whether the mask was found in the pixels of the frame, carried there, or is only expected there.
  public var sighting: TrackedObject.Sighting
  /// A histogram of its colours that adds up to 1; empty when nobody looked.
  public var appearance: [Float]

  public init(
    id: Int, mask: RunLengthMask?, box: SIMD4<Float>, isVisible: Bool, quality: Float = 1,
    sighting: TrackedObject.Sighting = .measured, appearance: [Float] = []
  ) {
    self.id = id
    self.mask = mask
    self.box = box
    self.isVisible = isVisible
    self.quality = quality
    self.sighting = sighting
    self.appearance = appearance
  }
}
