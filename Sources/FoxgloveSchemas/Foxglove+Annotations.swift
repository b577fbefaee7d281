public import MediaModel
public import NIOCore
public import ProtobufWire

extension Foxglove {
  /// A circle in a picture.
  public struct CircleAnnotation: ProtobufMessage, Hashable {
    public var timestamp: WallTime
    /// Of its middle, pixels.
    public var position: SIMD2<Double>
    public var diameter: Double
    public var thickness: Double
    public var fillColor: Color?
    public var outlineColor: Color

    public init(
      timestamp: WallTime, position: SIMD2<Double>, diameter: Double, thickness: Double, fillColor: Color? = nil,
      outlineColor: Color
    ) {
      self.timestamp = timestamp
      self.position = position
      self.diameter = diameter
      self.thickness = thickness
      self.fillColor = fillColor
      self.outlineColor = outlineColor
    }

    public static let messageName = "CircleAnnotation"
    public static let file = Foxglove.file(
      ProtobufMessageType(
        messageName,
        [
          Foxglove.timestamp(), ProtobufFieldType(2, "position", .message(Point2.file, "Point2")),
          ProtobufFieldType(3, "diameter", .double), ProtobufFieldType(4, "thickness", .double),
          Foxglove.color(5, "fill_color"), Foxglove.color(6, "outline_color"), Foxglove.metadata(7),
        ]))

    public func encode(to buffer: inout ByteBuffer) {
      buffer.writeProtobuf(1, Timestamp(timestamp))
      buffer.writeProtobuf(2, Point2(position))
      buffer.writeProtobuf(3, double: diameter)
      buffer.writeProtobuf(4, double: thickness)
      buffer.writeProtobuf(5, fillColor)
      buffer.writeProtobuf(6, outlineColor)
    }
  }

  /// Points or lines in a picture; a box is a loop of four points.
  public struct PointsAnnotation: ProtobufMessage, Hashable {
    public enum Shape: Int64, Sendable {
      case unknown = 0, points, lineLoop, lineStrip, lineList
    }

    public var timestamp: WallTime
    public var shape: Shape
    /// Pixels.
    public var points: [SIMD2<Double>]
    public var outlineColor: Color
    public var fillColor: Color?
    /// Pixels.
    public var thickness: Double
    public var metadata: [KeyValuePair]

    public init(
      timestamp: WallTime, shape: Shape, points: [SIMD2<Double>], outlineColor: Color, fillColor: Color? = nil,
      thickness: Double, metadata: [KeyValuePair] = []
    ) {
      self.timestamp = timestamp
      self.shape = shape
      self.points = points
      self.outlineColor = outlineColor
      self.fillColor = fillColor
      self.thickness = thickness
      self.metadata = metadata
    }

    public static let messageName = "PointsAnnotation"
    public static let file = Foxglove.file(
      ProtobufMessageType(
        messageName,
        enumerations: [
          ProtobufEnumeration("Type", ["UNKNOWN", "POINTS", "LINE_LOOP", "LINE_STRIP", "LINE_LIST"])
        ],
        [
          Foxglove.timestamp(), ProtobufFieldType(2, "type", .enumeration("foxglove.PointsAnnotation.Type")),
          ProtobufFieldType(3, "points", .message(Point2.file, "Point2"), .repeated),
          Foxglove.color(4, "outline_color"), Foxglove.color(5, "outline_colors", .repeated),
          Foxglove.color(6, "fill_color"), ProtobufFieldType(7, "thickness", .double), Foxglove.metadata(8),
        ]))

    public func encode(to buffer: inout ByteBuffer) {
      buffer.writeProtobuf(1, Timestamp(timestamp))
      buffer.writeProtobuf(2, integer: shape.rawValue)
      for point in points { buffer.writeProtobuf(3, Point2(point)) }
      buffer.writeProtobuf(4, outlineColor)
      buffer.writeProtobuf(6, fillColor)
      buffer.writeProtobuf(7, double: thickness)
      buffer.writeProtobuf(8, repeated: metadata)
    }
  }

  /// Words in a picture.
  public struct TextAnnotation: ProtobufMessage, Hashable {
    public var timestamp: WallTime
    /// Of the lower left corner, pixels.
    public var position: SIMD2<Double>
    public var text: String
    /// Pixels.
    public var fontSize: Double
    public var textColor: Color
    public var backgroundColor: Color?

    public init(
      timestamp: WallTime, position: SIMD2<Double>, text: String, fontSize: Double, textColor: Color,
      backgroundColor: Color? = nil
    ) {
      self.timestamp = timestamp
      self.position = position
      self.text = text
      self.fontSize = fontSize
      self.textColor = textColor
      self.backgroundColor = backgroundColor
    }

    public static let messageName = "TextAnnotation"
    public static let file = Foxglove.file(
      ProtobufMessageType(
        messageName,
        [
          Foxglove.timestamp(), ProtobufFieldType(2, "position", .message(Point2.file, "Point2")),
          ProtobufFieldType(3, "text", .string), ProtobufFieldType(4, "font_size", .double),
          Foxglove.color(5, "text_color"), Foxglove.color(6, "background_color"), Foxglove.metadata(7),
        ]))

    public func encode(to buffer: inout ByteBuffer) {
      buffer.writeProtobuf(1, Timestamp(timestamp))
      buffer.writeProtobuf(2, Point2(position))
      buffer.writeProtobuf(3, text: text)
      buffer.writeProtobuf(4, double: fontSize)
      buffer.writeProtobuf(5, textColor)
      buffer.writeProtobuf(6, backgroundColor)
    }
  }

  /// What is to be drawn over a picture.
  public struct ImageAnnotations: ProtobufMessage, Hashable {
    /// Of the picture; written also where nothing is to be drawn.
    public var timestamp: WallTime?
    public var circles: [CircleAnnotation]
    public var points: [PointsAnnotation]
    public var texts: [TextAnnotation]
    public var metadata: [KeyValuePair]

    public init(
      timestamp: WallTime?, circles: [CircleAnnotation] = [], points: [PointsAnnotation] = [],
      texts: [TextAnnotation] = [], metadata: [KeyValuePair] = []
    ) {
      self.timestamp = timestamp
      self.circles = circles
      self.points = points
      self.texts = texts
      self.metadata = metadata
    }

    public static let messageName = "ImageAnnotations"
    public static let file = Foxglove.file(
      ProtobufMessageType(
        messageName,
        [
          Foxglove.timestamp(5, .explicit),
          ProtobufFieldType(1, "circles", .message(CircleAnnotation.file, "CircleAnnotation"), .repeated),
          ProtobufFieldType(2, "points", .message(PointsAnnotation.file, "PointsAnnotation"), .repeated),
          ProtobufFieldType(3, "texts", .message(TextAnnotation.file, "TextAnnotation"), .repeated),
          Foxglove.metadata(4),
        ]))

    public func encode(to buffer: inout ByteBuffer) {
      buffer.writeProtobuf(1, repeated: circles)
      buffer.writeProtobuf(2, repeated: points)
      buffer.writeProtobuf(3, repeated: texts)
      buffer.writeProtobuf(4, repeated: metadata)
      buffer.writeProtobuf(5, timestamp.map(Timestamp.init))
    }
  }
}
