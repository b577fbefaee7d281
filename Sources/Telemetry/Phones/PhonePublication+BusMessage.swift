import BusMessages
import MediaModel
import TelemetryProtocol

extension PhonePublication {
  /// As a message on the bus.
  func message(stream: StreamName) -> BusMessage {
    let received = receivedAt.wall.nanosSince1970
    let offset = receivedAt.networkTimeOffset.value
    var headers: [String: BusHeaderValue] = [
      BusHeader.stream: .text(stream.text),
      BusHeader.serverReceived: .text("\(received &- offset)"),
      BusHeader.networkTime: .text("\(received)"),
      BusHeader.networkTimeOffset: .text("\(offset)"),
    ]
    if let senderNanos { headers[BusHeader.timestampNanos] = .text("\(senderNanos)") }
    if let capturedAt { headers[BusHeader.capturedAt] = .text("\(capturedAt.nanosSince1970)") }
    var contentType = BusMessage.json
    if case .frame(let size) = kind {
      contentType = "image/jpeg"
      headers["width"] = .integer(Int64(size.width))
      headers["height"] = .integer(Int64(size.height))
    }
    return BusMessage(topic: topic, body: body, contentType: contentType, headers: headers)
  }

  private var topic: Topic {
    switch kind {
    case .sample: .imuData
    // Who computes with `imu_data` expects both sensors.
    case .partialSample, .other: .phoneMessages
    case .frame: .videoFrames
    case .analysisMode: .analysisMode
    }
  }
}
