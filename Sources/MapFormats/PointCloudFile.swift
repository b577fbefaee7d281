/// A point of a map as people look at it.
public struct ColouredPoint: Hashable, Sendable {
  /// World coordinates.
  public var position: SIMD3<Float>
  /// Red, green, blue.
  public var colour: SIMD3<UInt8>
  /// 0…1
  public var confidence: Float

  public init(position: SIMD3<Float>, colour: SIMD3<UInt8>, confidence: Float = 1) {
    self.position = position
    self.colour = colour
    self.confidence = confidence
  }
}

/// Point clouds in the Polygon File Format, binary little-endian.
///
/// Source: Turk 1994, "The PLY Polygon File Format".
public enum PointCloudFile {
  /// The whole file: x, y, z as float, red, green, blue as uchar, confidence as float.
  public static func bytes(of points: [ColouredPoint]) -> [UInt8] {
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
      property float confidence
      end_header

      """
    var bytes = Array(header.utf8)
    bytes.reserveCapacity(bytes.count + points.count * 19)
    for point in points {
      for axis in 0..<3 { bytes.append(point.position[axis]) }
      bytes += [point.colour.x, point.colour.y, point.colour.z]
      bytes.append(point.confidence)
    }
    return bytes
  }
}
