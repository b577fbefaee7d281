public import MediaModel

/// A reading of the sensors beside the camera, with its time on the clock of the frames.
public enum MotionSample: Hashable, Sendable {
  case inertial(IMUSample)
  case position(GPSSample)
}
