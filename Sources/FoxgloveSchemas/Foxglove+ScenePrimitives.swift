public import NIOCore
public import ProtobufWire

extension Foxglove {
  /// Connected points in space.
  public struct LinePrimitive: ProtobufMessage, Hashable {
    public enum Shape: Int64, Sendable {
      case lineStrip = 0, lineLoop, lineList
    }

    public var shape: Shape
    public var pose: Pose
    /// Metres, or pixels where ``isScaleInvariant``.
    public var thickness: Double
    public var isScaleInvariant: Bool
    public var points: [SIMD3<Double>]
    public var color: Color

    public init(
      shape: Shape = .lineStrip, pose: Pose = .identity, thickness: Double, isScaleInvariant: Bool,
      points: [SIMD3<Double>], color: Color
    ) {
      self.shape = shape
      self.pose = pose
      self.thickness = thickness
      self.isScaleInvariant = isScaleInvariant
      self.points = points
      self.color = color
    }

    public static let messageName = "LinePrimitive"
    public static let file = Foxglove.file(
      ProtobufMessageType(
        messageName, enumerations: [ProtobufEnumeration("Type", ["LINE_STRIP", "LINE_LOOP", "LINE_LIST"])],
        [
          ProtobufFieldType(1, "type", .enumeration("foxglove.LinePrimitive.Type")), Foxglove.pose(2),
          ProtobufFieldType(3, "thickness", .double), ProtobufFieldType(4, "scale_invariant", .bool),
          ProtobufFieldType(5, "points", .message(Point3.file, "Point3"), .repeated), Foxglove.color(6, "color"),
          Foxglove.color(7, "colors", .repeated), ProtobufFieldType(8, "indices", .fixed32, .repeated),
        ]))

    public func encode(to buffer: inout ByteBuffer) {
      buffer.writeProtobuf(1, integer: shape.rawValue)
      buffer.writeProtobuf(2, pose)
      buffer.writeProtobuf(3, double: thickness)
      buffer.writeProtobuf(4, bool: isScaleInvariant)
      for point in points { buffer.writeProtobuf(5, Point3(point)) }
      buffer.writeProtobuf(6, color)
    }
  }

  /// A box in space.
  public struct CubePrimitive: ProtobufMessage, Hashable {
    /// Of its middle.
    public var pose: Pose
    public var size: SIMD3<Double>
    public var color: Color

    public init(pose: Pose, size: SIMD3<Double>, color: Color) {
      self.pose = pose
      self.size = size
      self.color = color
    }

    public static let messageName = "CubePrimitive"
    public static let file = solid(messageName)

    public func encode(to buffer: inout ByteBuffer) {
      buffer.writeProtobuf(1, pose)
      buffer.writeProtobuf(2, Vector3(size))
      buffer.writeProtobuf(3, color)
    }
  }

  /// An ellipsoid in space.
  public struct SpherePrimitive: ProtobufMessage, Hashable {
    /// Of its middle.
    public var pose: Pose
    /// The diameter along each axis.
    public var size: SIMD3<Double>
    public var color: Color

    public init(pose: Pose, size: SIMD3<Double>, color: Color) {
      self.pose = pose
      self.size = size
      self.color = color
    }

    public static let messageName = "SpherePrimitive"
    public static let file = solid(messageName)

    public func encode(to buffer: inout ByteBuffer) {
      buffer.writeProtobuf(1, pose)
      buffer.writeProtobuf(2, Vector3(size))
      buffer.writeProtobuf(3, color)
    }
  }

  /// Words in space.
  public struct TextPrimitive: ProtobufMessage, Hashable {
    public var pose: Pose
    /// Whether it always faces the viewer.
    public var isBillboard: Bool
    /// Metres, or pixels where ``isScaleInvariant``.
    public var fontSize: Double
    public var isScaleInvariant: Bool
    public var color: Color
    public var text: String

    public init(
      pose: Pose, isBillboard: Bool = true, fontSize: Double, isScaleInvariant: Bool, color: Color, text: String
    ) {
      self.pose = pose
      self.isBillboard = isBillboard
      self.fontSize = fontSize
      self.isScaleInvariant = isScaleInvariant
      self.color = color
      self.text = text
    }

    public static let messageName = "TextPrimitive"
    public static let file = Foxglove.file(
      ProtobufMessageType(
        messageName,
        [
          Foxglove.pose(1), ProtobufFieldType(2, "billboard", .bool), ProtobufFieldType(3, "font_size", .double),
          ProtobufFieldType(4, "scale_invariant", .bool), Foxglove.color(5, "color"),
          ProtobufFieldType(6, "text", .string),
        ]))

    public func encode(to buffer: inout ByteBuffer) {
      buffer.writeProtobuf(1, pose)
      buffer.writeProtobuf(2, bool: isBillboard)
      buffer.writeProtobuf(3, double: fontSize)
      buffer.writeProtobuf(4, bool: isScaleInvariant)
      buffer.writeProtobuf(5, color)
      buffer.writeProtobuf(6, text: text)
    }
  }

  private static func solid(_ name: String) -> ProtobufFile {
    Foxglove.file(
      ProtobufMessageType(name, [Foxglove.pose(1), Foxglove.vector(2, "size"), Foxglove.color(3, "color")]))
  }
}

// MARK: Primitives that are described, because entities may have them, and not written

extension Foxglove {
  static let arrowPrimitive = Foxglove.file(
    ProtobufMessageType(
      "ArrowPrimitive",
      [
        Foxglove.pose(1), ProtobufFieldType(2, "shaft_length", .double),
        ProtobufFieldType(3, "shaft_diameter", .double),
        ProtobufFieldType(4, "head_length", .double), ProtobufFieldType(5, "head_diameter", .double),
        Foxglove.color(6, "color"),
      ]))

  static let cylinderPrimitive = Foxglove.file(
    ProtobufMessageType(
      "CylinderPrimitive",
      [
        Foxglove.pose(1), Foxglove.vector(2, "size"), ProtobufFieldType(3, "bottom_scale", .double),
        ProtobufFieldType(4, "top_scale", .double), Foxglove.color(5, "color"),
      ]))

  static let modelPrimitive = Foxglove.file(
    ProtobufMessageType(
      "ModelPrimitive",
      [
        Foxglove.pose(1), Foxglove.vector(2, "scale"), Foxglove.color(3, "color"),
        ProtobufFieldType(4, "override_color", .bool), ProtobufFieldType(5, "url", .string),
        ProtobufFieldType(6, "media_type", .string), ProtobufFieldType(7, "data", .bytes),
      ]))

  static let triangleListPrimitive = Foxglove.file(
    ProtobufMessageType(
      "TriangleListPrimitive",
      [
        Foxglove.pose(1), ProtobufFieldType(2, "points", .message(Point3.file, "Point3"), .repeated),
        Foxglove.color(3, "color"), Foxglove.color(4, "colors", .repeated),
        ProtobufFieldType(5, "indices", .fixed32, .repeated),
      ]))
}
