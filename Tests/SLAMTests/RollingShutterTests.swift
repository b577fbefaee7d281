import Geometry
import SLAM
import TestSupport
import Testing

@Suite struct RollingShutterTests {
  private static let camera = RenderedRoom.camera

  @Test(arguments: 1...5) func rowsAreMovedToTheMiddleOne(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    func random(_ size: Double) -> Double { Double.random(in: -size...size, using: &generator) }
    let shutter = RollingShutter(camera: Self.camera, readoutSeconds: 0.025)
    let twist = SE3.Twist(
      linear: SIMD3(random(1), random(1), random(1)), angular: SIMD3(random(0.5), random(0.5), random(0.5)))
    for _ in 0..<40 {
      let pointInMiddle = SIMD3(random(1.5), random(1), 4 + random(1))
      let global = try #require(Self.camera.project(pointInMiddle))
      // The row that sees the point, at the time when it is read.
      var (pixel, depth) = (global, pointInMiddle.z)
      for _ in 0..<10 {
        let seconds = (pixel.y / 239 - 0.5) * 0.025
        let point =
          SE3.exp(SE3.Twist(linear: twist.linear * seconds, angular: twist.angular * seconds)) * pointInMiddle
        pixel = try #require(Self.camera.project(point))
        depth = point.z
      }
      let corrected = pixel + shutter.correction(pixel, depth: depth, twist: twist)
      #expect((corrected - global).x.magnitude < 1e-6 && (corrected - global).y.magnitude < 1e-6)
    }
  }

  @Test func aGlobalShutterNeedsNothing() {
    let shutter = RollingShutter(camera: Self.camera, readoutSeconds: 0)
    let twist = SE3.Twist(linear: SIMD3(1, 0, 0), angular: .zero)
    #expect(shutter.correction(SIMD2(10, 10), depth: 1, twist: twist) == .zero)
    let rolling = RollingShutter(camera: Self.camera, readoutSeconds: 0.03)
    #expect(rolling.correction(SIMD2(10, 10), depth: -1, twist: twist) == .zero)
  }
}
