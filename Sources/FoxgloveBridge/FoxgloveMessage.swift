internal import ProtobufWire
package import NIOCore
internal import MediaModel
package import SessionLog

/// A message on its way to clients: encoded once, shared by all of them.
package struct FoxgloveMessage: Sendable {
  /// What kind of message it is, as far as that matters to who is too slow.
  package enum Kind: Sendable {
    case video(isKeyFrame: Bool)
    case other
  }

  /// The number by which clients know its topic.
  package var channelID: UInt32
  package var kind: Kind
  /// Nanoseconds since 1970.
  package var logTime: UInt64
  package var data: ByteBuffer

  package init(channelID: UInt32, kind: Kind = .other, logTime: UInt64, data: ByteBuffer) {
    self.channelID = channelID
    self.kind = kind
    self.logTime = logTime
    self.data = data
  }

  package init(_ message: SessionMessage, kind: Kind = .other) {
    self.init(
      channelID: message.topic.channelID, kind: kind, logTime: UInt64(max(0, message.time.nanosSince1970)),
      data: message.message.encoded)
  }

  package var isVideo: Bool { if case .video = kind { true } else { false } }
  package var isKeyFrame: Bool { if case .video(isKeyFrame: true) = kind { true } else { false } }
}

extension SessionTopic {
  /// The number by which clients of a live stream know the topic; never zero.
  package var channelID: UInt32 { UInt32(rawValue) + 1 }

  init?(channelID: UInt32) {
    guard channelID > 0, channelID <= UInt32(Self.allCases.count) else { return nil }
    self.init(rawValue: Int(channelID) - 1)
  }

  /// Whether a client that comes later wants the last message: what is sent seldom, and stands until the next.
  var isKept: Bool {
    switch self {
    case .transform, .pose, .poseState, .path, .points, .location, .objects, .calibration: true
    case .video, .annotations, .imu, .log: false
    }
  }
}
