/// Where the camera was at one time. Camera axes: x right, y down, z forward.
public struct TimedPose: Hashable, Sendable {
  /// Time of the frame, nanoseconds on the clock of its source.
  public var nanos: Int64
  public var worldFromCamera: SE3

  public init(nanos: Int64, worldFromCamera: SE3) {
    self.nanos = nanos
    self.worldFromCamera = worldFromCamera
  }
}
