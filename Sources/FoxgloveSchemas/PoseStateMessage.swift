public import MediaModel
public import NIOCore
public import ProtobufWire

/// What a pose of the same time does not say of itself, for which Foxglove has no message.
public struct PoseStateMessage: ProtobufMessage, Hashable {
  public var timestamp: WallTime
  /// The frame that the pose is in.
  public var frameID: String
  /// The map that the pose is in. Poses of two maps have nothing in common.
  public var map: Int64
  /// Whether lengths are metres and z is up.
  public var isMetric: Bool
  /// Whether the frame is a key frame of the map.
  public var isKeyFrame: Bool

  public init(timestamp: WallTime, frameID: String, map: Int64, isMetric: Bool, isKeyFrame: Bool) {
    self.timestamp = timestamp
    self.frameID = frameID
    self.map = map
    self.isMetric = isMetric
    self.isKeyFrame = isKeyFrame
  }

  public static let messageName = "PoseState"
  public static let file = ProtobufFile(
    "worldsystem/PoseState.proto", package: "worldsystem",
    messages: [
      ProtobufMessageType(
        messageName,
        [
          Foxglove.timestamp(), ProtobufFieldType(2, "frame_id", .string), ProtobufFieldType(3, "map", .int64),
          ProtobufFieldType(4, "is_metric", .bool), ProtobufFieldType(5, "is_keyframe", .bool),
        ])
    ])

  public func encode(to buffer: inout ByteBuffer) {
    buffer.writeProtobuf(1, Foxglove.Timestamp(timestamp))
    buffer.writeProtobuf(2, text: frameID)
    buffer.writeProtobuf(3, integer: map)
    buffer.writeProtobuf(4, bool: isMetric)
    buffer.writeProtobuf(5, bool: isKeyFrame)
  }
}
