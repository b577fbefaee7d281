public import Geometry

/// How streams are shown in a viewer of Rerun.
public struct RerunOptions: Hashable, Sendable {
  /// The name under which viewers keep layouts.
  package static let application = "frame_processor"

  /// What is known of the camera; `nil`: it is taken to be a usual phone's.
  public var camera: CameraModel?
  /// What may wait for the viewer: 13 s of video at 20 Mbit/s.
  public var queuedBytes = 32 << 20

  public init() {}
}
