/// What bounds the segmenter.
public struct SegmentationOptions: Hashable, Sendable {
  /// Frames with a prompt that are attended to for each object, the newest ones.
  public var conditioningFrames = 4
  /// Objects that go through a network at once. More need more memory and are hardly faster.
  public var batch = 8

  public init() {}
}
