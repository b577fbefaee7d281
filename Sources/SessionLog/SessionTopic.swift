import FoxgloveSchemas
public import MediaModel
public import ProtobufWire

/// What a session's messages are about: the topics of its MCAP file, and of whoever watches it live.
public enum SessionTopic: Int, Hashable, Sendable, CaseIterable {
  /// The coded video.
  case video
  /// What is drawn over it: boxes and names of objects.
  case annotations
  /// Readings of the phone's motion sensors.
  case imu
  /// Fixes of its satellite receiver.
  case location
  /// Where the camera is: the frame ``SessionFrame/camera`` in ``SessionFrame/world``.
  case transform
  /// The same as a pose.
  case pose
  /// Where the camera was so far, as a line.
  case path
  /// What the camera saw of the world.
  case points
  /// What came, went and was found out, in words.
  case log
  /// Where objects are in the world.
  case objects
  /// How the camera maps directions to pixels.
  case calibration
  /// Which map the pose of the same time is in, and in which unit.
  case poseState

  public var name: String {
    switch self {
    case .video: "/camera/video"
    case .annotations: "/camera/annotations"
    case .imu: "/imu"
    case .location: "/gps"
    case .transform: "/tf"
    case .pose: "/camera/pose"
    case .path: "/camera/path"
    case .points: "/points"
    case .log: "/log"
    case .objects: "/objects"
    case .calibration: "/camera/calibration"
    case .poseState: "/camera/pose_state"
    }
  }

  /// The kind of its messages.
  public var messageType: any ProtobufMessage.Type {
    switch self {
    case .video: Foxglove.CompressedVideo.self
    case .annotations: Foxglove.ImageAnnotations.self
    case .imu: IMUMessage.self
    case .location: Foxglove.LocationFix.self
    case .transform: Foxglove.FrameTransform.self
    case .pose: Foxglove.PoseInFrame.self
    case .path: Foxglove.SceneUpdate.self
    case .points: Foxglove.PointCloud.self
    case .log: Foxglove.Log.self
    case .objects: Foxglove.SceneUpdate.self
    case .calibration: Foxglove.CameraCalibration.self
    case .poseState: PoseStateMessage.self
    }
  }
}

/// The frames of reference that messages name.
public enum SessionFrame {
  /// x east, y north, z up where that is known.
  public static let world = "world"
  /// x right, y down, z forward.
  public static let camera = "camera"
  /// The motion sensors' own axes.
  public static let imu = "imu"
  public static let gps = "gps"
}

/// A message of a session.
public struct SessionMessage: Sendable {
  public var topic: SessionTopic
  /// Capture time on the server's clock.
  public var time: WallTime
  public var message: any ProtobufMessage

  public init(_ topic: SessionTopic, _ time: WallTime, _ message: any ProtobufMessage) {
    self.topic = topic
    self.time = time
    self.message = message
  }
}
