public import MediaModel
public import NIOCore
public import ProtobufWire

extension Foxglove {
  /// A thing in space, of one or several primitives. One with the same topic and identifier takes its place.
  public struct SceneEntity: ProtobufMessage, Hashable {
    public var timestamp: WallTime
    public var frameID: String
    public var id: String
    /// `zero`: until it is replaced or deleted.
    public var lifetime: Nanoseconds
    /// Whether it stays with its frame when that moves.
    public var isFrameLocked: Bool
    public var metadata: [KeyValuePair]
    public var cubes: [CubePrimitive]
    public var spheres: [SpherePrimitive]
    public var lines: [LinePrimitive]
    public var texts: [TextPrimitive]

    public init(
      timestamp: WallTime, frameID: String, id: String, lifetime: Nanoseconds = .zero, isFrameLocked: Bool = false,
      metadata: [KeyValuePair] = [], cubes: [CubePrimitive] = [], spheres: [SpherePrimitive] = [],
      lines: [LinePrimitive] = [], texts: [TextPrimitive] = []
    ) {
      self.timestamp = timestamp
      self.frameID = frameID
      self.id = id
      self.lifetime = lifetime
      self.isFrameLocked = isFrameLocked
      self.metadata = metadata
      self.cubes = cubes
      self.spheres = spheres
      self.lines = lines
      self.texts = texts
    }

    public static let messageName = "SceneEntity"
    public static let file = Foxglove.file(
      ProtobufMessageType(
        messageName,
        [
          Foxglove.timestamp(), ProtobufFieldType(2, "frame_id", .string), ProtobufFieldType(3, "id", .string),
          ProtobufFieldType(4, "lifetime", .message(Duration.file, "Duration")),
          ProtobufFieldType(5, "frame_locked", .bool), Foxglove.metadata(6), primitives(7, "arrows", arrowPrimitive),
          primitives(8, "cubes", CubePrimitive.file), primitives(9, "spheres", SpherePrimitive.file),
          primitives(10, "cylinders", cylinderPrimitive), primitives(11, "lines", LinePrimitive.file),
          primitives(12, "triangles", triangleListPrimitive), primitives(13, "texts", TextPrimitive.file),
          primitives(14, "models", modelPrimitive),
        ]))

    private static func primitives(_ number: Int, _ name: String, _ file: ProtobufFile) -> ProtobufFieldType {
      ProtobufFieldType(number, name, .message(file, file.messages.first?.name ?? ""), .repeated)
    }

    public func encode(to buffer: inout ByteBuffer) {
      buffer.writeProtobuf(1, Timestamp(timestamp))
      buffer.writeProtobuf(2, text: frameID)
      buffer.writeProtobuf(3, text: id)
      buffer.writeProtobuf(4, Duration(lifetime))
      buffer.writeProtobuf(5, bool: isFrameLocked)
      buffer.writeProtobuf(6, repeated: metadata)
      buffer.writeProtobuf(8, repeated: cubes)
      buffer.writeProtobuf(9, repeated: spheres)
      buffer.writeProtobuf(11, repeated: lines)
      buffer.writeProtobuf(13, repeated: texts)
    }
  }

  /// Entities that go.
  public struct SceneEntityDeletion: ProtobufMessage, Hashable {
    public enum Kind: Int64, Sendable {
      case matchingID = 0, all
    }

    public var timestamp: WallTime
    public var kind: Kind
    public var id: String

    public init(timestamp: WallTime, kind: Kind, id: String = "") {
      self.timestamp = timestamp
      self.kind = kind
      self.id = id
    }

    public static let messageName = "SceneEntityDeletion"
    public static let file = Foxglove.file(
      ProtobufMessageType(
        messageName, enumerations: [ProtobufEnumeration("Type", ["MATCHING_ID", "ALL"])],
        [
          Foxglove.timestamp(), ProtobufFieldType(2, "type", .enumeration("foxglove.SceneEntityDeletion.Type")),
          ProtobufFieldType(3, "id", .string),
        ]))

    public func encode(to buffer: inout ByteBuffer) {
      buffer.writeProtobuf(1, Timestamp(timestamp))
      buffer.writeProtobuf(2, integer: kind.rawValue)
      buffer.writeProtobuf(3, text: id)
    }
  }

  /// What changes in space.
  public struct SceneUpdate: ProtobufMessage, Hashable {
    public var deletions: [SceneEntityDeletion]
    public var entities: [SceneEntity]

    public init(deletions: [SceneEntityDeletion] = [], entities: [SceneEntity]) {
      self.deletions = deletions
      self.entities = entities
    }

    public static let messageName = "SceneUpdate"
    public static let file = Foxglove.file(
      ProtobufMessageType(
        messageName,
        [
          ProtobufFieldType(1, "deletions", .message(SceneEntityDeletion.file, "SceneEntityDeletion"), .repeated),
          ProtobufFieldType(2, "entities", .message(SceneEntity.file, "SceneEntity"), .repeated),
        ]))

    public func encode(to buffer: inout ByteBuffer) {
      buffer.writeProtobuf(1, repeated: deletions)
      buffer.writeProtobuf(2, repeated: entities)
    }
  }
}
