public import NIOCore

/// Coloured points, the body of ``Topic/pointClouds``: PLY 1.0, `binary_little_endian`, one element `vertex` with
/// `float x, y, z` and `uchar red, green, blue`, and `float confidence` where that is known.
///
/// Source: Turk 1994, "The PLY Polygon File Format".
public struct PointCloud: Hashable, Sendable {
  /// A point in world axes, and its colour.
  public struct Point: Hashable, Sendable {
    /// Metres; x east, y north, z up where the world is known.
    public var position: SIMD3<Float>
    /// Red, green, blue.
    public var colour: SIMD3<UInt8>
    /// 0…1, a rank.
    public var confidence: Float

    public init(position: SIMD3<Float>, colour: SIMD3<UInt8>, confidence: Float = 1) {
      self.position = position
      self.colour = colour
      self.confidence = confidence
    }
  }

  /// The MIME type of a body.
  public static let contentType = "application/x-ply"

  public var points: [Point]

  /// Whether the points' confidences mean something.
  public var hasConfidence: Bool

  public init(points: [Point] = [], hasConfidence: Bool = false) {
    self.points = points
    self.hasConfidence = hasConfidence
  }

  /// The file, 15 bytes a point, 19 with confidences.
  public func ply() -> ByteBuffer {
    let header = """
      ply
      format binary_little_endian 1.0
      element vertex \(points.count)
      property float x
      property float y
      property float z
      property uchar red
      property uchar green
      property uchar blue
      \(hasConfidence ? "property float confidence\n" : "")end_header

      """
    var buffer = ByteBufferAllocator().buffer(capacity: header.utf8.count + (hasConfidence ? 19 : 15) * points.count)
    buffer.writeString(header)
    for point in points {
      for value in [point.position.x, point.position.y, point.position.z] {
        buffer.writeInteger(value.bitPattern, endianness: .little)
      }
      buffer.writeMultipleIntegers(point.colour.x, point.colour.y, point.colour.z)
      if hasConfidence { buffer.writeInteger(point.confidence.bitPattern, endianness: .little) }
    }
    return buffer
  }

  /// A message with the points.
  public func message(headers: [String: BusHeaderValue] = [:]) -> BusMessage {
    BusMessage(topic: .pointClouds, body: ply(), contentType: Self.contentType, headers: headers)
  }
}
