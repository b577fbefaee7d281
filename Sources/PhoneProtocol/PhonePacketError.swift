/// Why a binary message is not a packet.
public enum PhonePacketError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The message is shorter than the header of its type.
  case short(bytes: Int, headerBytes: Int)
  /// The total size in the header is not the length of the message.
  case sizeFieldLies(announced: UInt32, got: Int)
  case unknownType(UInt8)
  case oversized(bytes: Int, limit: Int)
  /// The payload size in the header is neither zero nor what follows the header.
  case payloadSizeLies(announced: UInt32, got: Int)
  /// There is nothing behind the header.
  case emptyPayload(PhonePacketType)

  /// The reason as a label value: a closed set, without data of the sender.
  public var reason: String {
    switch self {
    case .short: "short"
    case .sizeFieldLies: "size_field_lies"
    case .unknownType: "unknown_type"
    case .oversized: "oversized"
    case .payloadSizeLies: "payload_size_lies"
    case .emptyPayload: "empty_payload"
    }
  }

  /// Every value of ``reason``.
  public static let reasons = [
    "short", "size_field_lies", "unknown_type", "oversized", "payload_size_lies", "empty_payload",
  ]

  public var description: String {
    switch self {
    case .short(let bytes, let header): "message of \(bytes) bytes, shorter than the header of \(header)"
    case .sizeFieldLies(let announced, let got): "packet size \(announced) announced in a message of \(got) bytes"
    case .unknownType(let type): "unknown packet type \(type)"
    case .oversized(let bytes, let limit): "packet of \(bytes) bytes, limit \(limit)"
    case .payloadSizeLies(let announced, let got): "payload size \(announced) announced, \(got) bytes follow"
    case .emptyPayload(let type): "packet of type \(type.rawValue) without payload"
    }
  }
}
