import Geometry
import Testing

@Suite struct CameraModelTests {
  /// A wide lens with the coefficients of a calibrated 190° fisheye, and the pinhole cameras of the other tests.
  static let cameras: [CameraModel] =
    [
      .fisheye(
        FisheyeCamera(
          focalLength: SIMD2(190.978, 190.973), principalPoint: SIMD2(254.932, 256.897),
          distortion: SIMD4(0.0034823, 0.00071503, -0.0020532, 0.00020293), width: 512, height: 512))
    ] + PinholeCameraTests.cameras.map { .pinhole($0) }

  private static let points = [
    SIMD3(0.0, 0, 2), SIMD3(0.3, -0.2, 1), SIMD3(-1.1, 0.7, 3), SIMD3(2, 2, 9), SIMD3(-0.2, -0.3, 0.8),
  ]

  @Test func fisheyeFollowsItsDefinition() throws {
    let pixel = try #require(Self.cameras[0].project(SIMD3(1, 0.5, 0.8)))
    let angle = 0.949715634  // atan2(√1.25, 0.8)
    let s = angle * angle
    let radius = angle * (1 + s * (0.0034823 + s * (0.00071503 + s * (-0.0020532 + s * 0.00020293))))
    #expect(abs(pixel.x - (254.932 + 190.978 * radius * 0.894_427_191)) < 1e-4)
    #expect(abs(pixel.y - (256.897 + 190.973 * radius * 0.447_213_595)) < 1e-4)
  }

  @Test(arguments: cameras) func raysLeadBackToTheirPixels(camera: CameraModel) throws {
    var count = 0
    for x in stride(from: 8.0, to: Double(camera.width), by: 23) {
      for y in stride(from: 8.0, to: Double(camera.height), by: 29) {
        guard let ray = camera.unproject(SIMD2(x, y)) else { continue }
        let pixel = try #require(camera.project(ray * 3))
        #expect(abs(pixel.x - x) < 1e-6 && abs(pixel.y - y) < 1e-6)
        count += 1
      }
    }
    #expect(count > 150)
  }

  @Test(arguments: cameras) func derivativeIsTheNumericOne(camera: CameraModel) throws {
    let step = 1e-6
    for point in Self.points {
      let linear = try #require(camera.projectLinearly(point))
      let pixel = try #require(camera.project(point))
      #expect(abs(linear.pixel.x - pixel.x) < 1e-9 && abs(linear.pixel.y - pixel.y) < 1e-9)
      for axis in 0..<3 {
        var (ahead, behind) = (point, point)
        ahead[axis] += step
        behind[axis] -= step
        let next = try #require(camera.project(ahead))
        let previous = try #require(camera.project(behind))
        let numeric = (next - previous) / (2 * step)
        let scale = camera.focalLength.x
        #expect(abs(linear.uGradient[axis] - numeric.x) < 1e-6 * scale)
        #expect(abs(linear.vGradient[axis] - numeric.y) < 1e-6 * scale)
      }
    }
  }

  @Test func nothingBehindIsSeen() {
    for camera in Self.cameras {
      #expect(camera.project(SIMD3(0.1, 0, -1)) == nil)
      #expect(camera.projectLinearly(SIMD3(0.1, 0, -1)) == nil)
    }
  }

  @Test func assumedCameraSeesTheUsualAngle() throws {
    for (width, height) in [(1280, 720), (720, 1280)] {
      let camera = CameraModel.assumed(width: width, height: height)
      let corner = try #require(camera.unproject(SIMD2(-0.5, -0.5)))
      #expect(abs(max(-corner.x, -corner.y) - 0.641) < 0.001)  // tan(65.3° / 2)
    }
  }
}
