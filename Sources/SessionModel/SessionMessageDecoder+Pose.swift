import Geometry
import MediaModel
import NIOCore
import ProtobufWire
import SessionEvents

extension SessionMessageDecoder {
  /// What poses do not say of themselves: it comes in front of each.
  struct PoseState: Sendable {
    var time: WallTime?
    var map = 0
    var isMetric = false
    var isKeyFrame = false
  }

  /// Keeps the state of the pose that follows.
  /// - Returns: no event.
  mutating func takePoseState(_ data: ByteBuffer, _ time: WallTime) throws(ProtobufError) -> SessionEvent? {
    var state = PoseState(time: time)
    for field in try ProtobufReader.fields(of: data) {
      switch field.number {
      case 3: state.map = Int(clamping: field.integer ?? 0)
      case 4: state.isMetric = field.integer == 1
      case 5: state.isKeyFrame = field.integer == 1
      default: break
      }
    }
    poseState = state
    return nil
  }

  /// A pose whose own state is missing is in the map of the one before; files of before there were states have map 0 and
  /// no metres.
  func pose(_ data: ByteBuffer, _ time: WallTime) throws(ProtobufError) -> SessionEvent.Pose {
    var pose = SE3.identity
    for field in try ProtobufReader.fields(of: data) where field.number == 3 {
      guard let bytes = field.bytes else { continue }
      for part in try ProtobufReader.fields(of: bytes) {
        guard let numbers = part.bytes else { continue }
        if part.number == 1 {
          pose.translation = try Self.vector(numbers)
        } else if part.number == 2 {
          let q = try Self.numbers(numbers, 4)
          if (q[0] * q[0] + q[1] * q[1] + q[2] * q[2] + q[3] * q[3]) > 0.5 {
            pose.rotation = SO3(x: q[0], y: q[1], z: q[2], w: q[3])
          }
        }
      }
    }
    return SessionEvent.Pose(
      time: time, frame: number(ofFrameAt: time), worldFromCamera: pose, map: poseState.map,
      isMetric: poseState.isMetric, isKeyFrame: poseState.isKeyFrame && poseState.time == time)
  }
}
