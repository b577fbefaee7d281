public import NIOCore

/// Coloured points, the body of ``Topic/pointClouds``: PLY 1.0, `binary_little_endian`, one element `vertex` with
/// `float x, y, z` and `uchar red, green, blue`.
///
/// Source: Turk 1994, "The PLY Polygon File Format".
public struct PointCloud: Hashable, Sendable {
  /// A point in world axes, and its colour.
  public struct Point: Hashable, Sendable {
    /// Metres; x east, y north, z up where the world is known.
    public var position: SIMD3<Float>
    /// Red, green, blue.
    public var colour: SIMD3<UInt8>

    public init(position: SIMD3<Float>, colour: SIMD3<UInt8>) {
      self.position = position
      self.colour = colour
    }
  }

  /// The MIME type of a body.
  public static let contentType = "application/x-ply"

  public var points: [Point]

  public init(points: [Point] = []) { self.points = points }

  /// The file, 15 bytes a point.
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
      end_header

      """
    var buffer = ByteBufferAllocator().buffer(capacity: header.utf8.count + 15 * points.count)
    buffer.writeString(header)
    for point in points {
      for value in [point.position.x, point.position.y, point.position.z] {
        buffer.writeInteger(value.bitPattern, endianness: .little)
      }
      buffer.writeMultipleIntegers(point.colour.x, point.colour.y, point.colour.z)
    }
    return buffer
  }

  /// A message with the points.
  public func message(headers: [String: BusHeaderValue] = [:]) -> BusMessage {
    BusMessage(topic: .pointClouds, body: ply(), contentType: Self.contentType, headers: headers)
  }
}
