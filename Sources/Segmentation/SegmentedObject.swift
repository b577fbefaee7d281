/// An object in one frame.
public struct SegmentedObject: Hashable, Sendable {
  /// As the caller named it.
  public var id: Int
  public var mask: LogitMask
  /// Whether the object is in the picture: positive when it is seen, at most 0 when it is hidden or gone.
  public var objectScore: Float
  /// How well the mask fits, as the network estimates it: intersection over union, 0…1.
  public var estimatedOverlap: Float
  /// Whether a prompt showed the object in this frame.
  public var isPrompted: Bool

  public init(id: Int, mask: LogitMask, objectScore: Float, estimatedOverlap: Float, isPrompted: Bool) {
    self.id = id
    self.mask = mask
    self.objectScore = objectScore
    self.estimatedOverlap = estimatedOverlap
    self.isPrompted = isPrompted
  }

  /// Whether the object is seen. Its mask is empty when it is not.
  public var isVisible: Bool { objectScore > 0 }
}
