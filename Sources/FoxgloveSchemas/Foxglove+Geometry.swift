public import NIOCore
public import ProtobufWire

extension Foxglove {
  /// A vector: metres, metres a second, radians a second, as the field says.
  public struct Vector3: ProtobufMessage, Hashable {
    public var vector: SIMD3<Double>

    public init(_ vector: SIMD3<Double>) { self.vector = vector }

    public static let messageName = "Vector3"
    public static let file = Foxglove.file(numbers(messageName, ["x", "y", "z"]))

    public func encode(to buffer: inout ByteBuffer) {
      for index in 0..<3 { buffer.writeProtobuf(index + 1, double: vector[index]) }
    }
  }

  /// A point of a line, metres.
  public struct Point3: ProtobufMessage, Hashable {
    public var point: SIMD3<Double>

    public init(_ point: SIMD3<Double>) { self.point = point }

    public static let messageName = "Point3"
    public static let file = Foxglove.file(numbers(messageName, ["x", "y", "z"]))

    public func encode(to buffer: inout ByteBuffer) {
      for index in 0..<3 { buffer.writeProtobuf(index + 1, double: point[index]) }
    }
  }

  /// A point of a picture, pixels.
  public struct Point2: ProtobufMessage, Hashable {
    public var point: SIMD2<Double>

    public init(_ point: SIMD2<Double>) { self.point = point }

    public static let messageName = "Point2"
    public static let file = Foxglove.file(numbers(messageName, ["x", "y"]))

    public func encode(to buffer: inout ByteBuffer) {
      for index in 0..<2 { buffer.writeProtobuf(index + 1, double: point[index]) }
    }
  }

  /// A rotation, `x y z w`, of length 1.
  public struct Quaternion: ProtobufMessage, Hashable {
    public var xyzw: SIMD4<Double>

    public init(_ xyzw: SIMD4<Double>) { self.xyzw = xyzw }

    public static let identity = Quaternion(SIMD4(0, 0, 0, 1))
    public static let messageName = "Quaternion"
    public static let file = Foxglove.file(numbers(messageName, ["x", "y", "z", "w"]))

    public func encode(to buffer: inout ByteBuffer) {
      for index in 0..<4 { buffer.writeProtobuf(index + 1, double: xyzw[index]) }
    }
  }

  /// Red, green, blue and opacity, each 0…1.
  public struct Color: ProtobufMessage, Hashable {
    public var rgba: SIMD4<Double>

    public init(_ red: Double, _ green: Double, _ blue: Double, _ alpha: Double = 1) {
      rgba = SIMD4(red, green, blue, alpha)
    }

    public static let messageName = "Color"
    public static let file = Foxglove.file(numbers(messageName, ["r", "g", "b", "a"]))

    public func encode(to buffer: inout ByteBuffer) {
      for index in 0..<4 { buffer.writeProtobuf(index + 1, double: rgba[index]) }
    }
  }

  /// Where something is, and how it is turned: `frameFromThing`.
  public struct Pose: ProtobufMessage, Hashable {
    public var position: SIMD3<Double>
    /// `x y z w`.
    public var orientation: SIMD4<Double>

    public init(position: SIMD3<Double>, orientation: SIMD4<Double>) {
      self.position = position
      self.orientation = orientation
    }

    public static let identity = Pose(position: .zero, orientation: SIMD4(0, 0, 0, 1))
    public static let messageName = "Pose"
    public static let file = Foxglove.file(
      ProtobufMessageType(
        messageName,
        [
          Foxglove.vector(1, "position"),
          ProtobufFieldType(2, "orientation", .message(Quaternion.file, "Quaternion")),
        ]))

    public func encode(to buffer: inout ByteBuffer) {
      buffer.writeProtobuf(1, Vector3(position))
      buffer.writeProtobuf(2, Quaternion(orientation))
    }
  }

  /// A name and a value for whatever there is to say.
  public struct KeyValuePair: ProtobufMessage, Hashable {
    public var key: String
    public var value: String

    public init(_ key: String, _ value: String) {
      self.key = key
      self.value = value
    }

    public static let messageName = "KeyValuePair"
    public static let file = Foxglove.file(
      ProtobufMessageType(
        messageName, [ProtobufFieldType(1, "key", .string), ProtobufFieldType(2, "value", .string)]))

    public func encode(to buffer: inout ByteBuffer) {
      buffer.writeProtobuf(1, text: key)
      buffer.writeProtobuf(2, text: value)
    }
  }

  private static func numbers(_ name: String, _ fields: [String]) -> ProtobufMessageType {
    ProtobufMessageType(name, fields.enumerated().map { ProtobufFieldType($0.offset + 1, $0.element, .double) })
  }
}
