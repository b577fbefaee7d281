/// The sun and the sky: how bright a surface is.
enum Lighting {
  /// Unit vector towards the sun.
  static let sun = SIMD3<Float>(0.66, -0.42, 0.62).normalized
  static let sunStrength: Float = 0.88
  /// Brightness at which light maps saturate; their bytes span 0…`lightMapRange`.
  static let lightMapRange: Float = 1.5

  /// Light from the sky and the surroundings on a surface of this normal.
  static func ambient(_ normal: SIMD3<Float>) -> Float { 0.56 + 0.12 * normal.z + 0.03 * normal.x }

  /// Brightness in the open.
  static func brightness(_ normal: SIMD3<Float>, sunlight: Float = 1) -> Float {
    ambient(normal) + sunStrength * max(0, normal.dot(sun)) * sunlight
  }
}

/// The light maps of a world: brightness of large faces, in bytes, one rectangle a face.
struct LightMapBuilder {
  /// Shape and place of a map.
  struct Layout {
    var start: Int32
    var stride: Int32
    /// Largest column and row at which a bilinear sample stays inside.
    var lastColumn: Float
    var lastRow: Float
  }

  private(set) var layouts: [Layout] = []
  private(set) var bytes: [UInt8] = []

  /// Adds a map of `width` × `height` samples, given row by row.
  mutating func add(width: Int, height: Int, _ brightness: (_ column: Int, _ row: Int) -> Float) -> Int32 {
    let layout = Layout(
      start: Int32(bytes.count), stride: Int32(width), lastColumn: Float(width) - 1.01,
      lastRow: Float(height) - 1.01)
    layouts.append(layout)
    bytes.reserveCapacity(bytes.count + width * height)
    for row in 0..<height {
      for column in 0..<width {
        bytes.append(UInt8(unit(brightness(column, row) / Lighting.lightMapRange) * 255 + 0.5))
      }
    }
    return Int32(layouts.count - 1)
  }
}
