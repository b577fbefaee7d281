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
  /// - Parameter period: patches after which the pattern of the walls repeats, 0 for never.
  static func image(_ worldFromCamera: SE3, period: Int = 0) -> GreyImage {
    image(period: period) { _ in worldFromCamera }
  }

  /// What a camera sees that reads frame `index` in `readoutSeconds`, 30 frames a second.
  static func image(frame index: Int, readoutSeconds: Double) -> GreyImage {
    image(period: 0) { row in
      let late = (Double(row) / Double(camera.height - 1) - 0.5) * readoutSeconds
      return worldFromCamera(seconds: Double(index) / 30 + late)
    }
  }

  private static func image(period: Int, _ worldFromCamera: (_ row: Int) -> SE3) -> GreyImage {
    var pixels: [UInt8] = []
    pixels.reserveCapacity(camera.width * camera.height)
    for y in 0..<camera.height {
      let origin = worldFromCamera(y).translation
      let rotation = worldFromCamera(y).rotation.matrix
      for x in 0..<camera.width {
        let bearing = SIMD3((Double(x) - 159.5) / 250, (Double(y) - 119.5) / 250, 1)
        let hit = wallPoint(origin, rotation * bearing)
        pixels.append(UInt8(min(max(brightness(hit, period), 0), 255)))
      }
    }
    return GreyImage(width: camera.width, height: camera.height, pixels: pixels)
  }

  /// Where a ray from inside meets the nearest wall.
  private static func wallPoint(_ origin: SIMD3<Double>, _ direction: SIMD3<Double>) -> SIMD3<Double> {
    var nearest = Double.infinity
    func meet(_ direction: Double, _ origin: Double, _ half: Double) {
      if direction != 0 { nearest = min(nearest, ((direction > 0 ? half : -half) - origin) / direction) }
    }
    meet(direction.x, origin.x, halfSize.x)
    meet(direction.y, origin.y, halfSize.y)
    meet(direction.z, origin.z, halfSize.z)
    return origin + nearest * direction
  }

  /// Patches of random brightness, a sixth of a unit wide, smoothly joined.
  private static func brightness(_ point: SIMD3<Double>, _ period: Int) -> Double {
    let scaled = point * 6
    let cell = scaled.rounded(.down)
    let fraction = scaled - cell
    let smooth = fraction * fraction * (3 - 2 * fraction)
    let corner = SIMD3<Int>(Int(cell.x), Int(cell.y), Int(cell.z))
    // Bilinear on each of the two layers of cells that the point lies between; walls lie in one.
    func layer(_ z: Int) -> Double {
      func at(_ x: Int, _ y: Int) -> Double { noise(repeated(corner &+ SIMD3(x, y, z), period)) }
      func row(_ y: Int) -> Double {
        smooth.x == 0 ? at(0, y) : (1 - smooth.x) * at(0, y) + smooth.x * at(1, y)
      }
      return smooth.y == 0 ? row(0) : (1 - smooth.y) * row(0) + smooth.y * row(1)
    }
    return smooth.z == 0 ? layer(0) : (1 - smooth.z) * layer(0) + smooth.z * layer(1)
  }

  private static func repeated(_ cell: SIMD3<Int>, _ period: Int) -> SIMD3<Int> {
    guard period > 0 else { return cell }
    return ((cell % period) &+ period) % period
  }

  private static func noise(_ cell: SIMD3<Int>) -> Double {
    var mixed = UInt64(bitPattern: Int64(cell.x &* 73_856_093 ^ cell.y &* 19_349_663 ^ cell.z &* 83_492_791))
    mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
    return 30 + Double((mixed ^ (mixed >> 31)) % 200)
  }
}
