import DepthMaps
import Geometry
import Vision

/// A room with a pillar, patterned all over, whose depth is known exactly.
struct RenderedBox {
  static let pinhole = CameraModel.pinhole(
    PinholeCamera(
      focalLength: SIMD2(250, 250), principalPoint: SIMD2(159.5, 119.5),
      distortion: RadialTangentialDistortion(k1: -0.12, k2: 0.02, p1: 0.001, p2: -0.0005), width: 320, height: 240))
  static let fisheye = CameraModel.fisheye(
    FisheyeCamera(
      focalLength: SIMD2(180, 180), principalPoint: SIMD2(159.5, 119.5), distortion: SIMD4(0.02, -0.01, 0, 0),
      width: 320, height: 240))

  let camera: CameraModel
  var isUniform = false

  private static let halfSize = SIMD3(3.0, 2, 4)
  private static let pillar = (low: SIMD3(-0.9, -2, 1.2), high: SIMD3(-0.3, 2, 1.8))

  /// Where a ray meets the nearest surface, as a factor of `direction`.
  private func distance(_ origin: SIMD3<Double>, _ direction: SIMD3<Double>) -> Double {
    var wall = Double.infinity
    var (enter, leave) = (0.0, Double.infinity)
    for axis in 0..<3 where direction[axis] != 0 {
      let side = direction[axis] > 0 ? Self.halfSize[axis] : -Self.halfSize[axis]
      wall = min(wall, (side - origin[axis]) / direction[axis])
      let a = (Self.pillar.low[axis] - origin[axis]) / direction[axis]
      let b = (Self.pillar.high[axis] - origin[axis]) / direction[axis]
      (enter, leave) = (max(enter, min(a, b)), min(leave, max(a, b)))
    }
    return enter < leave && enter > 0 ? min(enter, wall) : wall
  }

  /// Depth along the optical axis at a pixel.
  func depth(at pixel: SIMD2<Float>, _ cameraFromWorld: SE3) -> Double? {
    let worldFromCamera = cameraFromWorld.inverse
    guard let ray = camera.unproject(SIMD2<Double>(pixel)) else { return nil }
    return distance(worldFromCamera.translation, worldFromCamera.rotation * ray)
  }

  /// What the camera sees, with gain and bias of its exposure.
  func view(_ cameraFromWorld: SE3, gain: Double = 1, bias: Double = 0) -> DepthView {
    let worldFromCamera = cameraFromWorld.inverse
    var pixels: [UInt8] = []
    pixels.reserveCapacity(camera.width * camera.height)
    for y in 0..<camera.height {
      for x in 0..<camera.width {
        guard let ray = camera.unproject(SIMD2(Double(x), Double(y))) else {
          pixels.append(0)
          continue
        }
        let direction = worldFromCamera.rotation * ray
        let hit = worldFromCamera.translation + distance(worldFromCamera.translation, direction) * direction
        let value = isUniform ? 120 : Self.brightness(hit)
        pixels.append(UInt8(min(max(gain * value + bias, 0), 255)))
      }
    }
    return DepthView(
      image: GreyImage(width: camera.width, height: camera.height, pixels: pixels), cameraFromWorld: cameraFromWorld)
  }

  /// Points of the surfaces that a view shows, every 40 pixels.
  func landmarks(_ cameraFromWorld: SE3) -> [SIMD3<Double>] {
    var points: [SIMD3<Double>] = []
    for y in stride(from: 20, to: camera.height, by: 40) {
      for x in stride(from: 20, to: camera.width, by: 40) {
        guard let ray = camera.unproject(SIMD2(Double(x), Double(y))),
          let depth = depth(at: SIMD2(Float(x), Float(y)), cameraFromWorld)
        else { continue }
        points.append(cameraFromWorld.inverse * (depth * ray))
      }
    }
    return points
  }

  /// Patches of random brightness of two sizes, smoothly joined.
  private static func brightness(_ point: SIMD3<Double>) -> Double {
    0.6 * smoothNoise(point * 6) + 0.4 * smoothNoise(point * 15 + 100)
  }

  private static func smoothNoise(_ scaled: SIMD3<Double>) -> Double {
    let cell = scaled.rounded(.down)
    let fraction = scaled - cell
    let smooth = fraction * fraction * (3 - 2 * fraction)
    var sum = 0.0
    for index in 0..<8 {
      let offset = SIMD3(index & 1, index >> 1 & 1, index >> 2)
      var weight = 1.0
      for axis in 0..<3 { weight *= offset[axis] == 1 ? smooth[axis] : 1 - smooth[axis] }
      guard weight > 0 else { continue }
      sum += weight * noise(SIMD3(Int(cell.x), Int(cell.y), Int(cell.z)) &+ offset)
    }
    return sum
  }

  private static func noise(_ cell: SIMD3<Int>) -> Double {
    var mixed = UInt64(bitPattern: Int64(cell.x &* 73_856_093 ^ cell.y &* 19_349_663 ^ cell.z &* 83_492_791))
    mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
    return 20 + Double((mixed ^ (mixed >> 31)) % 216)
  }
}
