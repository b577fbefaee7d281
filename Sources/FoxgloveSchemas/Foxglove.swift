public import MediaModel
public import NIOCore
public import ProtobufWire

/// Messages that Foxglove, and Rerun, know how to show, as far as they are used here.
///
/// Positions are metres, rotations unit quaternions `x y z w`, colours 0…1. Source: docs.foxglove.dev, "Message schemas";
/// the descriptions have the bytes that Foxglove's own SDK writes into files.
public enum Foxglove {
  /// One `.proto` file of Foxglove with its message.
  static func file(_ message: ProtobufMessageType) -> ProtobufFile {
    ProtobufFile("foxglove/\(message.name).proto", package: "foxglove", messages: [message])
  }

  /// A message that every message of Foxglove carries, by the field number given.
  static func timestamp(_ number: Int = 1, _ presence: ProtobufFieldType.Presence = .implicit) -> ProtobufFieldType {
    ProtobufFieldType(number, "timestamp", .message(Timestamp.file, "Timestamp"), presence)
  }

  static func color(_ number: Int, _ name: String, _ presence: ProtobufFieldType.Presence = .implicit)
    -> ProtobufFieldType
  {
    ProtobufFieldType(number, name, .message(Color.file, "Color"), presence)
  }

  static func pose(_ number: Int, _ name: String = "pose") -> ProtobufFieldType {
    ProtobufFieldType(number, name, .message(Pose.file, "Pose"))
  }

  static func metadata(_ number: Int) -> ProtobufFieldType {
    ProtobufFieldType(number, "metadata", .message(KeyValuePair.file, "KeyValuePair"), .repeated)
  }

  static func vector(_ number: Int, _ name: String, _ presence: ProtobufFieldType.Presence = .implicit)
    -> ProtobufFieldType
  {
    ProtobufFieldType(number, name, .message(Vector3.file, "Vector3"), presence)
  }
}

extension Foxglove {
  /// `google.protobuf.Timestamp`.
  public struct Timestamp: ProtobufMessage, Hashable {
    public var time: WallTime

    public init(_ time: WallTime) { self.time = time }

    public static let messageName = "Timestamp"
    public static let file = wellKnown("timestamp", "TimestampProto", "timestamppb", messageName)

    public func encode(to buffer: inout ByteBuffer) { Foxglove.encode(nanos: time.nanosSince1970, to: &buffer) }
  }

  /// `google.protobuf.Duration`.
  public struct Duration: ProtobufMessage, Hashable {
    public var length: Nanoseconds

    public init(_ length: Nanoseconds) { self.length = length }

    public static let messageName = "Duration"
    public static let file = wellKnown("duration", "DurationProto", "durationpb", messageName)

    public func encode(to buffer: inout ByteBuffer) {
      buffer.writeProtobuf(1, integer: length.value / 1_000_000_000)
      buffer.writeProtobuf(2, integer: length.value % 1_000_000_000)
    }
  }

  /// Whole seconds, rounded down, and nanoseconds that count forward.
  private static func encode(nanos: Int64, to buffer: inout ByteBuffer) {
    var (seconds, rest) = nanos.quotientAndRemainder(dividingBy: 1_000_000_000)
    if rest < 0 {
      seconds -= 1
      rest += 1_000_000_000
    }
    buffer.writeProtobuf(1, integer: seconds)
    buffer.writeProtobuf(2, integer: rest)
  }

  /// A file of Protocol Buffers itself, with seconds and nanoseconds.
  private static func wellKnown(_ file: String, _ outer: String, _ go: String, _ message: String) -> ProtobufFile {
    ProtobufFile(
      "google/protobuf/\(file).proto", package: "google.protobuf",
      options: [
        .text(1, "com.google.protobuf"), .text(8, outer), .bool(10, true),
        .text(11, "google.golang.org/protobuf/types/known/\(go)"), .bool(31, true), .text(36, "GPB"),
        .text(37, "Google.Protobuf.WellKnownTypes"),
      ],
      messages: [
        ProtobufMessageType(
          message, [ProtobufFieldType(1, "seconds", .int64), ProtobufFieldType(2, "nanos", .int32)])
      ])
  }
}
