import Geometry
import MediaModel

/// A textured ground with boxes on it, seen by a pinhole camera: what a test of motion needs.
///
/// World axes: x east, y north, z up, metres. Texture sticks to what it is on.
struct ScriptedWorld {
  struct Block {
    var low: SIMD3<Double>
    var high: SIMD3<Double>
    /// m/s.
    var velocity = SIMD3<Double>.zero
    /// How far its shadow reaches over the ground to the west, metres.
    var shadowLength = 0.0
    /// From when on something takes half of its light, seconds.
    var shadedFrom = Double.infinity

    /// Whether a place of the ground is in its shadow.
    func shades(_ place: SIMD3<Double>, _ time: Double) -> Bool {
      let p = place - velocity * time
      return p.x < low.x && p.x > low.x - shadowLength && p.y > low.y && p.y < high.y
    }
  }

  var blocks: [Block] = []
  var resolution = Resolution(width: 400, height: 300)
  var camera: (_ seconds: Double) -> SE3

  static let framesPerSecond = 30.0

  /// A camera at a place that looks along a heading (from north, clockwise) and down by an angle, radians.
  static func pose(_ place: SIMD3<Double>, heading: Double = 0, down: Double) -> SE3 {
    let base = SO3(matrix: Matrix3(SIMD3(1, 0, 0), SIMD3(0, 0, -1), SIMD3(0, 1, 0)))
    let turn = SO3(angle: -heading, axis: SIMD3(0, 0, 1)) * base * SO3(angle: -down, axis: SIMD3(1, 0, 0))
    return SE3(rotation: turn, translation: place)
  }

  private var focalLength: Double { 0.7 * Double(resolution.width) }
  private var centre: SIMD2<Double> { SIMD2(Double(resolution.width - 1), Double(resolution.height - 1)) / 2 }

  func picture(frame: Int) -> Picture {
    let time = Double(frame) / Self.framesPerSecond
    let pose = camera(time)
    let builder = PictureBuilder(resolution: resolution)
    for y in 0..<resolution.height {
      for x in 0..<resolution.width {
        let p = (SIMD2(Double(x), Double(y)) - centre) / focalLength
        let ray = pose.rotation * SIMD3(p.x, p.y, 1)
        builder.luma[y * builder.strides.luma + x] = brightness(from: pose.translation, along: ray, time)
      }
    }
    let chroma = SIMD2((resolution.width + 1) / 2, (resolution.height + 1) / 2)
    for plane in [builder.cb, builder.cr] {
      for row in 0..<chroma.y {
        (plane + row * builder.strides.chroma).update(repeating: 128, count: chroma.x)
      }
    }
    return builder.seal()
  }

  /// The box around a block in a frame: left, top, right, bottom.
  func box(of index: Int, frame: Int) -> SIMD4<Float> {
    let time = Double(frame) / Self.framesPerSecond
    let cameraFromWorld = camera(time).inverse
    let block = blocks[index]
    var (low, high) = (SIMD2<Double>(repeating: .infinity), SIMD2<Double>(repeating: -.infinity))
    for corner in 0..<8 {
      let place =
        SIMD3(
          corner & 1 == 0 ? block.low.x : block.high.x, corner & 2 == 0 ? block.low.y : block.high.y,
          corner & 4 == 0 ? block.low.z : block.high.z) + block.velocity * time
      let point = cameraFromWorld * place
      let pixel = SIMD2(point.x, point.y) / point.z * focalLength + centre
      low = pointwiseMin(low, pixel)
      high = pointwiseMax(high, pixel)
    }
    return SIMD4<Float>(Float(low.x), Float(low.y), Float(high.x) + 1, Float(high.y) + 1)
  }

  private func brightness(from eye: SIMD3<Double>, along ray: SIMD3<Double>, _ time: Double) -> UInt8 {
    var nearest = Double.infinity
    var value = 190.0  // The sky.
    if ray.z < -1e-6 {
      nearest = -eye.z / ray.z
      let place = eye + ray * nearest
      if nearest < 400 { value = 120 + 90 * Self.noise(place.x, place.y, salt: 1, distance: nearest) }
      if blocks.contains(where: { $0.shades(place, time) }) { value = 16 + 0.6 * (value - 16) }
    }
    for (index, block) in blocks.enumerated() {
      let shift = block.velocity * time
      guard let hit = Self.hit(eye - shift, ray, block), hit.distance < nearest else { continue }
      nearest = hit.distance
      let place = eye - shift + ray * hit.distance
      let (u, v) = hit.axis == 0 ? (place.y, place.z) : hit.axis == 1 ? (place.x, place.z) : (place.x, place.y)
      value = 110 + 100 * Self.noise(u * 2, v * 2, salt: 7 * index + hit.axis + 2, distance: nearest)
      if time >= block.shadedFrom { value = 16 + 0.5 * (value - 16) }
    }
    return UInt8(min(max(value, 16), 235))
  }

  /// Where a ray enters a block, and through which of its sides.
  private static func hit(_ eye: SIMD3<Double>, _ ray: SIMD3<Double>, _ block: Block) -> (distance: Double, axis: Int)?
  {
    var (near, far, axis) = (0.0, Double.infinity, 0)
    for side in 0..<3 {
      let (a, b) = ((block.low[side] - eye[side]) / ray[side], (block.high[side] - eye[side]) / ray[side])
      if min(a, b) > near { (near, axis) = (min(a, b), side) }
      far = min(far, max(a, b))
    }
    return near > 0 && near < far ? (near, axis) : nil
  }

  /// Smooth noise, −1…1, in three sizes; the finest fades with distance, so that it does not alias.
  private static func noise(_ u: Double, _ v: Double, salt: Int, distance: Double) -> Double {
    let fine = min(max(20 / distance - 0.5, 0), 1)
    return 0.45 * octave(u * 0.7, v * 0.7, salt) + 0.35 * octave(u * 1.9, v * 1.9, salt + 50)
      * min(max(50 / distance - 0.3, 0), 1)
      + 0.3 * octave(u * 5, v * 5, salt + 90) * fine
  }

  private static func octave(_ u: Double, _ v: Double, _ salt: Int) -> Double {
    let (x, y) = (u.rounded(.down), v.rounded(.down))
    let (fx, fy) = (u - x, v - y)
    let (sx, sy) = (fx * fx * (3 - 2 * fx), fy * fy * (3 - 2 * fy))
    func corner(_ dx: Int, _ dy: Int) -> Double {
      var z = UInt64(bitPattern: Int64((Int(x) + dx) &* 73_856_093 ^ (Int(y) + dy) &* 19_349_663 ^ salt &* 83_492_791))
      z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
      z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
      return Double((z ^ (z >> 31)) >> 40) * 0x1p-23 - 1
    }
    let upper = corner(0, 0) + sx * (corner(1, 0) - corner(0, 0))
    let lower = corner(0, 1) + sx * (corner(1, 1) - corner(0, 1))
    return upper + sy * (lower - upper)
  }
}
