public import MediaModel
public import NIOCore
public import ProtobufWire

extension Foxglove {
  /// One number of each point of a cloud.
  public struct PackedElementField: ProtobufMessage, Hashable {
    public enum NumericType: Int64, Sendable {
      case unknown = 0, uint8, int8, uint16, int16, uint32, int32, float32, float64
    }

    public var name: String
    /// Bytes from the start of the point.
    public var offset: UInt32
    public var type: NumericType

    public init(_ name: String, offset: UInt32, _ type: NumericType) {
      self.name = name
      self.offset = offset
      self.type = type
    }

    public static let messageName = "PackedElementField"
    public static let file = Foxglove.file(
      ProtobufMessageType(
        messageName,
        enumerations: [
          ProtobufEnumeration(
            "NumericType",
            ["UNKNOWN", "UINT8", "INT8", "UINT16", "INT16", "UINT32", "INT32", "FLOAT32", "FLOAT64"])
        ],
        [
          ProtobufFieldType(1, "name", .string), ProtobufFieldType(2, "offset", .fixed32),
          ProtobufFieldType(3, "type", .enumeration("foxglove.PackedElementField.NumericType")),
        ]))

    public func encode(to buffer: inout ByteBuffer) {
      buffer.writeProtobuf(1, text: name)
      buffer.writeProtobuf(2, fixed32: offset)
      buffer.writeProtobuf(3, integer: type.rawValue)
    }
  }

  /// Points, each of the same fields.
  public struct PointCloud: ProtobufMessage, Hashable {
    public var timestamp: WallTime
    public var frameID: String
    /// Where the cloud is in the frame. Always written: readers are known that fail without its position.
    public var pose: Pose
    /// Bytes from one point to the next.
    public var pointStride: UInt32
    /// `x`, `y`, `z` among them; `red`, `green`, `blue`, `alpha` for colours.
    public var fields: [PackedElementField]
    /// Little-endian.
    public var data: ByteBuffer

    public init(
      timestamp: WallTime, frameID: String, pose: Pose = .identity, pointStride: UInt32, fields: [PackedElementField],
      data: ByteBuffer
    ) {
      self.timestamp = timestamp
      self.frameID = frameID
      self.pose = pose
      self.pointStride = pointStride
      self.fields = fields
      self.data = data
    }

    /// 3 × Float32 and red, green, blue, alpha as bytes: 16 bytes a point.
    public static let colouredFields = [
      PackedElementField("x", offset: 0, .float32), PackedElementField("y", offset: 4, .float32),
      PackedElementField("z", offset: 8, .float32), PackedElementField("red", offset: 12, .uint8),
      PackedElementField("green", offset: 13, .uint8), PackedElementField("blue", offset: 14, .uint8),
      PackedElementField("alpha", offset: 15, .uint8),
    ]

    public static let messageName = "PointCloud"
    public static let file = Foxglove.file(
      ProtobufMessageType(
        messageName,
        [
          Foxglove.timestamp(), ProtobufFieldType(2, "frame_id", .string), Foxglove.pose(3),
          ProtobufFieldType(4, "point_stride", .fixed32),
          ProtobufFieldType(5, "fields", .message(PackedElementField.file, "PackedElementField"), .repeated),
          ProtobufFieldType(6, "data", .bytes),
        ]))

    public func encode(to buffer: inout ByteBuffer) {
      buffer.writeProtobuf(1, Timestamp(timestamp))
      buffer.writeProtobuf(2, text: frameID)
      // A position of zeros is written field by field: an empty one reads as missing in some readers.
      buffer.writeProtobuf(3) { content in
        content.writeProtobuf(1) { position in
          for index in 0..<3 { position.writeProtobuf(index + 1, double: pose.position[index], always: true) }
        }
        content.writeProtobuf(2, Quaternion(pose.orientation))
      }
      buffer.writeProtobuf(4, fixed32: pointStride)
      buffer.writeProtobuf(5, repeated: fields)
      buffer.writeProtobuf(6, bytes: data)
    }
  }

  /// One line for people.
  public struct Log: ProtobufMessage, Hashable {
    public enum Level: Int64, Sendable {
      case unknown = 0, debug, info, warning, error, fatal
    }

    public var timestamp: WallTime
    public var level: Level
    public var message: String
    /// Who says it.
    public var name: String
    public var file: String
    public var line: UInt32

    public init(
      timestamp: WallTime, level: Level, message: String, name: String = "", file: String = "", line: UInt32 = 0
    ) {
      self.timestamp = timestamp
      self.level = level
      self.message = message
      self.name = name
      self.file = file
      self.line = line
    }

    public static let messageName = "Log"
    public static let file = Foxglove.file(
      ProtobufMessageType(
        messageName,
        enumerations: [ProtobufEnumeration("Level", ["UNKNOWN", "DEBUG", "INFO", "WARNING", "ERROR", "FATAL"])],
        [
          Foxglove.timestamp(), ProtobufFieldType(2, "level", .enumeration("foxglove.Log.Level")),
          ProtobufFieldType(3, "message", .string), ProtobufFieldType(4, "name", .string),
          ProtobufFieldType(5, "file", .string), ProtobufFieldType(6, "line", .fixed32),
        ]))

    public func encode(to buffer: inout ByteBuffer) {
      buffer.writeProtobuf(1, Timestamp(timestamp))
      buffer.writeProtobuf(2, integer: level.rawValue)
      buffer.writeProtobuf(3, text: message)
      buffer.writeProtobuf(4, text: name)
      buffer.writeProtobuf(5, text: file)
      buffer.writeProtobuf(6, fixed32: line)
    }
  }
}

/// One reading of an inertial measurement unit, for which Foxglove has no message of its own.
public struct IMUMessage: ProtobufMessage, Hashable {
  public var timestamp: WallTime
  public var frameID: String
  /// rad/s.
  public var angularVelocity: SIMD3<Double>
  /// Specific force, m/s²; at rest it points up with 9.81.
  public var linearAcceleration: SIMD3<Double>
  /// µT.
  public var magneticField: SIMD3<Double>?
  /// `x y z w`.
  public var orientation: SIMD4<Double>?

  public init(
    timestamp: WallTime, frameID: String, angularVelocity: SIMD3<Double>, linearAcceleration: SIMD3<Double>,
    magneticField: SIMD3<Double>? = nil, orientation: SIMD4<Double>? = nil
  ) {
    self.timestamp = timestamp
    self.frameID = frameID
    self.angularVelocity = angularVelocity
    self.linearAcceleration = linearAcceleration
    self.magneticField = magneticField
    self.orientation = orientation
  }

  public static let messageName = "IMU"
  public static let file = ProtobufFile(
    "worldsystem/IMU.proto", package: "worldsystem",
    messages: [
      ProtobufMessageType(
        messageName,
        [
          Foxglove.timestamp(), ProtobufFieldType(2, "frame_id", .string), Foxglove.vector(3, "angular_velocity"),
          Foxglove.vector(4, "linear_acceleration"), Foxglove.vector(5, "magnetic_field", .explicit),
          ProtobufFieldType(6, "orientation", .message(Foxglove.Quaternion.file, "Quaternion"), .explicit),
        ])
    ])

  public func encode(to buffer: inout ByteBuffer) {
    buffer.writeProtobuf(1, Foxglove.Timestamp(timestamp))
    buffer.writeProtobuf(2, text: frameID)
    buffer.writeProtobuf(3, Foxglove.Vector3(angularVelocity))
    buffer.writeProtobuf(4, Foxglove.Vector3(linearAcceleration))
    buffer.writeProtobuf(5, magneticField.map(Foxglove.Vector3.init))
    buffer.writeProtobuf(6, orientation.map(Foxglove.Quaternion.init))
  }
}
