/// Why a message of a phone or viewer is of no use.
public enum TelemetryReject: Error, Hashable, Sendable, CustomStringConvertible {
  case oversized(bytes: Int, limit: Int)
  case tooDeep(limit: Int)
  case tooManyMembers(limit: Int)
  /// Not JSON, from this byte on.
  case malformed(offset: Int)
  /// JSON, but no object.
  case notAnObject
  /// No member `type` that is a string.
  case noType
  /// The time is missing, negative, no number, or beyond 63 bit.
  case timestamp
  /// A member that is known by this name is missing or of a wrong type.
  case field(String)
  /// A number is not possible for what it stands for.
  case range(String)
  /// A binary message without time and picture.
  case short(bytes: Int)
  /// A binary message that is no JPEG, or one whose size cannot be read.
  case notJPEG
  /// A JPEG with too many pixels.
  case tooManyPixels(limit: Int)
  /// A viewer sends what is no command.
  case unknownCommand
  /// A viewer may not command.
  case notPermitted
  /// A viewer sends more commands than anybody can.
  case tooMany

  /// The reason as a label value: a closed set, without data of the sender.
  public var reason: String {
    switch self {
    case .oversized: "oversized"
    case .tooDeep: "too_deep"
    case .tooManyMembers: "too_many_members"
    case .malformed: "malformed"
    case .notAnObject: "not_an_object"
    case .noType: "no_type"
    case .timestamp: "timestamp"
    case .field: "field"
    case .range: "range"
    case .short: "short"
    case .notJPEG: "not_jpeg"
    case .tooManyPixels: "too_many_pixels"
    case .unknownCommand: "unknown_command"
    case .notPermitted: "not_permitted"
    case .tooMany: "too_many"
    }
  }

  /// Every value of ``reason``.
  public static let reasons = [
    "oversized", "too_deep", "too_many_members", "malformed", "not_an_object", "no_type", "timestamp", "field", "range",
    "short", "not_jpeg", "too_many_pixels", "unknown_command", "not_permitted", "too_many",
  ]

  public var description: String {
    switch self {
    case .oversized(let bytes, let limit): "message of \(bytes) bytes, limit \(limit)"
    case .tooDeep(let limit): "objects nested deeper than \(limit)"
    case .tooManyMembers(let limit): "object with more than \(limit) members"
    case .malformed(let offset): "not JSON from byte \(offset) on"
    case .notAnObject: "not a JSON object"
    case .noType: "no text 'type'"
    case .timestamp: "'timestamp' is not a time in nanoseconds from 0 to 2^63"
    case .field(let name): "'\(name)' is missing or of a wrong type"
    case .range(let name): "'\(name)' is out of range"
    case .short(let bytes): "binary message of \(bytes) bytes; 8 bytes of time and a JPEG are expected"
    case .notJPEG: "binary message whose picture is no JPEG"
    case .tooManyPixels(let limit): "JPEG with more than \(limit) pixels"
    case .unknownCommand: "not a command: joystick, movement, rotation, camera or flightmode is expected"
    case .notPermitted: "a control token is needed for commands"
    case .tooMany: "too many commands"
    }
  }
}
