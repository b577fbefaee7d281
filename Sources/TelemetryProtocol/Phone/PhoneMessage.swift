public import MediaModel
public import NIOCore

/// A message of a phone, protocol.md section 3.
public enum PhoneMessage: Hashable, Sendable {
  case imu(IMUMessage)
  /// The phone chooses what is looked for; the message as received.
  case analysisMode(body: ByteBuffer)
  case upload(UploadMessage)
  /// A picture and its time on the phone's clock.
  case frame(JPEGFrame)
  /// JSON of another type; as received.
  case other(type: String, body: ByteBuffer)

  /// Reads a text message.
  public init(text: ByteBuffer, limits: TelemetryLimits = TelemetryLimits()) throws(TelemetryReject) {
    let object = try JSONObject(text, byteLimit: limits.uploadMessageBytes, limits: limits)
    guard let type = object.text("type") else { throw .noType }
    if let upload = try UploadMessage(object, type: type) {
      self = .upload(upload)
      return
    }
    guard text.readableBytes <= limits.textBytes else {
      throw .oversized(bytes: text.readableBytes, limit: limits.textBytes)
    }
    switch type {
    case "imu_data": self = .imu(try IMUMessage(object))
    case "analysis_mode":
      guard object.has("data") else { throw .field("data") }
      self = .analysisMode(body: text)
    default: self = .other(type: type, body: text)
    }
  }

  /// Reads a binary message.
  public init(binary: ByteBuffer, limits: TelemetryLimits = TelemetryLimits()) throws(TelemetryReject) {
    self = .frame(try JPEGFrame(binary, limits: limits))
  }
}

/// A JPEG with its time.
public struct JPEGFrame: Hashable, Sendable {
  /// On the phone's clock.
  public var timestampNanos: Int64
  public var jpeg: ByteBuffer
  public var resolution: Resolution

  /// Reads 8 bytes of time and a JPEG. Only the head of the picture is looked at.
  public init(_ message: ByteBuffer, limits: TelemetryLimits = TelemetryLimits()) throws(TelemetryReject) {
    var bytes = message
    guard let timestamp = bytes.readInteger(as: UInt64.self), bytes.readableBytes >= 4 else {
      throw .short(bytes: message.readableBytes)
    }
    guard let nanos = Int64(exactly: timestamp) else { throw .timestamp }
    guard bytes.readableBytes <= limits.jpegBytes else {
      throw .oversized(bytes: bytes.readableBytes, limit: limits.jpegBytes)
    }
    timestampNanos = nanos
    resolution = try JPEGHeader.resolution(of: bytes)
    guard resolution.width * resolution.height <= limits.jpegPixels else {
      throw .tooManyPixels(limit: limits.jpegPixels)
    }
    jpeg = bytes
  }
}
