public import Geometry

/// The content of `/dev/shm/slam3r_keyframe_<id>`: one key frame with its points, for the mesh service.
public struct KeyFrameSegment: Hashable, Sendable {
  /// Bytes before the first point.
  public static let headerSize = 108
  /// Points that one segment may have, 16 MiB of coordinates.
  public static let maximalPoints = 1_398_101

  /// Capture time, nanoseconds since 1970.
  public var nanos: UInt64
  public var worldFromCamera: SE3
  /// World coordinates.
  public var points: [SIMD3<Float>]
  /// Red, green, blue of each point.
  public var colours: [SIMD3<UInt8>]
  /// 0…1 for each point, if known.
  public var confidences: [Float]?

  /// - Precondition: as many colours, and confidences, as points.
  public init(
    nanos: UInt64, worldFromCamera: SE3, points: [SIMD3<Float>], colours: [SIMD3<UInt8>],
    confidences: [Float]? = nil
  ) {
    precondition(points.count == colours.count, "one colour for each point")
    precondition(confidences == nil || confidences?.count == points.count, "one confidence for each point")
    self.nanos = nanos
    self.worldFromCamera = worldFromCamera
    self.points = points
    self.colours = colours
    self.confidences = confidences
  }

  /// The segment's bytes, little-endian. The pose is column-major, as graphics libraries take it. The box of no
  /// points at all is zero.
  public var bytes: [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(Self.headerSize + points.count * 19)
    bytes.append(littleEndian: nanos)
    bytes.append(littleEndian: UInt32(points.count))
    bytes.append(littleEndian: UInt32(3))
    bytes.append(littleEndian: UInt32(confidences == nil ? 0 : 1))
    let rows = worldFromCamera.rowMajorMatrix
    for column in 0..<4 {
      for row in 0..<4 { bytes.append(Float(rows[row][column])) }
    }
    let first = points.first ?? .zero
    let low = points.reduce(first) { pointwiseMin($0, $1) }
    let high = points.reduce(first) { pointwiseMax($0, $1) }
    for corner in [low, high] {
      for axis in 0..<3 { bytes.append(corner[axis]) }
    }
    for point in points {
      for axis in 0..<3 { bytes.append(point[axis]) }
    }
    for colour in colours { bytes += [colour.x, colour.y, colour.z] }
    for confidence in confidences ?? [] { bytes.append(confidence) }
    return bytes
  }
}
