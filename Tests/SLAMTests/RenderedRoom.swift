import Geometry
import Vision

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A box with patterned walls, seen from inside by a camera that moves along a known path.
struct RenderedRoom {
  static let camera = CameraModel.pinhole(
    PinholeCamera(focalLength: SIMD2(250, 250), principalPoint: SIMD2(159.5, 119.5), width: 320, height: 240))

  private static let halfSize = SIMD3(4.0, 2.5, 5)

  /// Where the camera is in frame `index`: aside, forward and turning, always with parallax.
  static func worldFromCamera(frame index: Int) -> SE3 {
    worldFromCamera(seconds: Double(index) / 30)
  }

  private static func worldFromCamera(seconds t: Double) -> SE3 {
    SE3(
      rotation: .exp(SIMD3(0.05 * sin(1.3 * t), 0.25 * sin(0.7 * t), 0.03 * sin(t))),
      translation: SIMD3(1.2 * sin(0.8 * t), 0.4 * sin(1.1 * t), 0.8 * (1 - cos(0.6 * t)) - 1))
  }

  /// What the camera sees.
  static func image(_ worldFromCamera: SE3) -> GreyImage { image { _ in worldFromCamera } }

  /// What a camera sees that reads frame `index` in `readoutSeconds`, 30 frames a second.
  static func image(frame index: Int, readoutSeconds: Double) -> GreyImage {
    image { row in
      let late = (Double(row) / Double(camera.height - 1) - 0.5) * readoutSeconds
      return worldFromCamera(seconds: Double(index) / 30 + late)
    }
  }

  private static func image(_ worldFromCamera: (_ row: Int) -> SE3) -> GreyImage {
    var pixels: [UInt8] = []
    pixels.reserveCapacity(camera.width * camera.height)
    for y in 0..<camera.height {
      let origin = worldFromCamera(y).translation
      let rotation = worldFromCamera(y).rotation.matrix
      for x in 0..<camera.width {
        let bearing = SIMD3((Double(x) - 159.5) / 250, (Double(y) - 119.5) / 250, 1)
        let hit = wallPoint(origin, rotation * bearing)
        pixels.append(UInt8(min(max(brightness(hit), 0), 255)))
      }
    }
    return GreyImage(width: camera.width, height: camera.height, pixels: pixels)
  }

  /// Where a ray from inside meets the nearest wall.
  private static func wallPoint(_ origin: SIMD3<Double>, _ direction: SIMD3<Double>) -> SIMD3<Double> {
    var nearest = Double.infinity
    for axis in 0..<3 where direction[axis] != 0 {
      let wall = direction[axis] > 0 ? halfSize[axis] : -halfSize[axis]
      nearest = min(nearest, (wall - origin[axis]) / direction[axis])
    }
    return origin + nearest * direction
  }

  /// Patches of random brightness, a sixth of a unit wide, smoothly joined.
  private static func brightness(_ point: SIMD3<Double>) -> Double {
    let scaled = point * 6
    let cell = scaled.rounded(.down)
    let fraction = scaled - cell
    let smooth = fraction * fraction * (3 - 2 * fraction)
    let corner = SIMD3<Int>(Int(cell.x), Int(cell.y), Int(cell.z))
    var sum = 0.0
    for index in 0..<8 {
      let offset = SIMD3(index & 1, index >> 1 & 1, index >> 2)
      var weight = 1.0
      for axis in 0..<3 { weight *= offset[axis] == 1 ? smooth[axis] : 1 - smooth[axis] }
      if weight > 0 { sum += weight * noise(corner &+ offset) }
    }
    return sum
  }

  private static func noise(_ cell: SIMD3<Int>) -> Double {
    var mixed = UInt64(bitPattern: Int64(cell.x &* 73_856_093 ^ cell.y &* 19_349_663 ^ cell.z &* 83_492_791))
    mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
    return 30 + Double((mixed ^ (mixed >> 31)) % 200)
  }
}
