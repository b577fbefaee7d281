import BusMessages
import MediaModel
import NIOCore
import TelemetryProtocol

/// What viewers are shown of the bus; docs/viewer.md.
enum ViewerFeed {
  /// The text for a message, and the stream that it is about; `nil` for what viewers are not shown.
  static func text(for message: BusMessage, limits: TelemetryLimits) -> (text: ByteBuffer, stream: String?)? {
    let stream = message.headers.text(BusHeader.stream)
    let body = message.body
    let text: ByteBuffer? =
      switch message.topic {
      case .imuData: ViewerMessages.wrapping(body, as: "imu_data", type: "imu_data", stream: stream)
      case .trajectory: ViewerMessages.merging(body, type: "trajectory_update", stream: stream)
      case .restart: ByteBuffer(string: #"{"type":"restart"}"#)
      case .events: ViewerMessages.wrapping(body, as: "event", type: "event", stream: stream)
      case .processedFrames: ViewerMessages.wrapping(body, as: "detections", type: "detections", stream: stream)
      case .identificationResults:
        ViewerMessages.wrapping(body, as: "identification", type: "identification", stream: stream)
      case .analysisMode: ViewerMessages.merging(body, type: "analysis_mode", stream: stream)
      case .phoneMessages: ViewerMessages.wrapping(body, as: "message", type: "phone_message", stream: stream)
      case .worldObjects: ViewerMessages.merging(body, type: "world_objects", stream: stream)
      case .slamResults: lostState(body, stream: stream, limits: limits)
      case .videoFrames, .videoStream, .pointClouds, .controlCommands, .streamAnnouncements: nil
      }
    return text.map { ($0, stream) }
  }

  /// A result of SLAM without a pose; those with one come as `trajectory_update`.
  private static func lostState(_ body: ByteBuffer, stream: String?, limits: TelemetryLimits) -> ByteBuffer? {
    guard let object = try? JSONObject(body, limits: limits), !object.has("pose") else { return nil }
    return ViewerMessages.merging(body, type: "slam_state", stream: stream)
  }
}

/// The `phone` message.
struct PhoneNotice: Encodable {
  var type = "phone"
  var event: String
  var stream: String
  var peer: String
  var battery: Double?
  var status: String?
  var gps: PhoneReport.Position?

  init(_ report: PhoneReport, event: String) {
    self.event = event
    stream = report.stream
    peer = report.peer
    battery = report.battery
    status = report.status
    gps = report.gps
  }
}

extension [String: BusHeaderValue] {
  /// The text of a header; `nil` when there is none or it is something else.
  func text(_ name: String) -> String? {
    guard case .text(let text) = self[name] else { return nil }
    return text
  }
}
