/// The shadow of something that moves, as a soft rectangle on the ground's light map.
struct GroundShadow {
  private let centre: SIMD2<Float>
  private let axis: SIMD2<Float>
  private let half: SIMD2<Float>
  private let strength: Float
  private let columns: Range<Int>
  private let rows: Range<Int>

  /// - Parameter extent: half length, half width, height.
  init(of extent: SIMD3<Float>, placement: Placement) {
    let sun = Lighting.sun
    let away = -SIMD2(sun.x, sun.y) * (extent.z / sun.z)
    let place = SIMD2(placement.position.x, placement.position.y)
    let lit = placement.sunlight
    if extent.x < 0.5 {
      // Slender: the shadow is the line from the foot to where the head's shadow falls.
      let length = (away * away).sum().squareRoot()
      axis = away / length
      half = SIMD2(0.2 + length * 0.5 * lit, 0.34)
      centre = place + away * 0.5 * lit
    } else {
      axis = placement.heading
      half = SIMD2(extent.x + 0.1, extent.y + 0.15) + 0.22 * lit * extent.z
      centre = place + away * 0.35 * lit
    }
    strength = 0.38 + 0.24 * lit
    let reach = half.x + half.y + 0.5
    columns = Self.range(centre.x, reach)
    rows = Self.range(centre.y, reach)
  }

  private static func range(_ centre: Float, _ reach: Float) -> Range<Int> {
    let low = max(0, min(HeightField.size, Int(HeightField.column(centre - reach))))
    return low..<max(low, min(HeightField.size, Int(HeightField.column(centre + reach)) + 2))
  }

  /// The runs of bytes it may touch.
  func forEachRow(_ body: (_ start: Int, _ count: Int) -> Void) {
    for row in rows { body(row * HeightField.size + columns.lowerBound, columns.count) }
  }

  func darken(_ bytes: UnsafeMutablePointer<UInt8>) {
    for row in rows {
      let y = (Float(row) + 0.5) * HeightField.spacing - HeightField.halfExtent - centre.y
      for column in columns {
        let x = (Float(column) + 0.5) * HeightField.spacing - HeightField.halfExtent - centre.x
        let along = abs(x * axis.x + y * axis.y) - half.x
        let across = abs(y * axis.x - x * axis.y) - half.y
        let outside = max(along, across)
        guard outside < 0.4 else { continue }
        let coverage = unit(0.5 - outside / 0.8)
        let index = row * HeightField.size + column
        bytes[index] = UInt8(Float(bytes[index]) * (1 - strength * coverage))
      }
    }
  }
}
