/// What moving objects are looked for.
public struct MotionOptions: Hashable, Sendable {
  /// Pictures are halved until they are at most so many pixels wide.
  public var workingWidth = 960
  /// Focal length where nobody knows it, in widths of the picture; refined while the camera turns. The default is that
  /// of the main cameras of phones and drones.
  public var focalLengthInWidths = 0.7

  /// What is less likely an object is not reported, 0…1.
  public var minimalScore: Float = 0.1

  public init() {}
}
