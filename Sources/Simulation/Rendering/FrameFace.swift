/// A face as one frame sees it: its attributes as affine functions of the pixel.
///
/// For a point of the face seen at pixel (x, y): `inverseDepth` = 1/z and `u` = (texture column)/z are
/// `.z + .x·x + .y·y`, exact for a plane under perspective.
struct FrameFace {
  var inverseDepth: SIMD3<Float>
  var u: SIMD3<Float>
  var v: SIMD3<Float>
  var light: SIMD3<Float>
  var lightRow: SIMD3<Float>
  var tint: Tint
  var lightMap: Int32
  var texture: Int32
  /// Index of the instance that the face belongs to, or −1 for scenery.
  var instance: Int32
}

/// The camera of a frame in single precision, seen from the coordinates of one mesh.
struct MeshView {
  /// Rows of the rotation to camera axes, times the scale of the mesh.
  var rows: (SIMD3<Float>, SIMD3<Float>, SIMD3<Float>)
  /// The camera's place in mesh coordinates.
  var eye: SIMD3<Float>
  /// Metres per unit of the mesh.
  var scale: Float

  @inline(__always) func rotate(_ v: SIMD3<Float>) -> SIMD3<Float> {
    SIMD3(rows.0.dot(v), rows.1.dot(v), rows.2.dot(v))
  }
}

/// Intrinsics in single precision.
struct RenderIntrinsics {
  var focalLength: Float
  var centre: SIMD2<Float>

  /// Turns an affine function of the ray `(x', y', 1)` into one of the pixel.
  @inline(__always) func pixelFunction(_ ray: SIMD3<Float>) -> SIMD3<Float> {
    let (gx, gy) = (ray.x / focalLength, ray.y / focalLength)
    return SIMD3(gx, gy, ray.z - gx * centre.x - gy * centre.y)
  }
}
