import Geometry
import MediaModel
import SLAM
import Vision

/// A back end that knows where the camera is before a wall four units away; every frame is a key frame.
struct TexturedWall: SLAMBackend {
  static let distance = 4.0
  /// To the right from frame to frame.
  static let step = 0.15
  static let resolution = Resolution(width: 160, height: 120)
  static let camera = CameraModel.pinhole(
    PinholeCamera(focalLength: SIMD2(140, 140), principalPoint: SIMD2(79.5, 59.5), width: 160, height: 120))

  let camera: CameraModel
  private var keyFrames: [SLAMSnapshot.KeyFrame] = []

  init(camera: CameraModel) { self.camera = camera }

  private static func pose(_ number: Int) -> SE3 {
    SE3(rotation: .identity, translation: SIMD3(step * Double(number), 0, 0))
  }

  mutating func add(_ frame: SLAMFrame) -> SLAMUpdate {
    let pose = Self.pose(frame.number)
    keyFrames.append(.init(frameNumber: frame.number, nanos: frame.nanos, worldFromCamera: pose))
    return SLAMUpdate(
      frameNumber: frame.number, nanos: frame.nanos, state: .tracking, map: 0, worldFromCamera: pose, isKeyFrame: true,
      trackedPoints: 30, reprojectionError: 0.3)
  }

  mutating func finish() {}

  func trajectory(since nanos: Int64) -> [SLAMPose] {
    keyFrames.filter { $0.nanos >= nanos }.map {
      SLAMPose(frameNumber: $0.frameNumber, nanos: $0.nanos, map: 0, worldFromCamera: $0.worldFromCamera)
    }
  }

  var snapshot: SLAMSnapshot { SLAMSnapshot(map: 0, camera: camera, keyFrames: keyFrames, points: []) }

  var memory: SLAMMemory { SLAMMemory(keyFrames: keyFrames.count, poses: keyFrames.count, droppedPoses: 0) }

  func points(seenByKeyFrame frameNumber: Int) -> [SLAMSnapshot.Sighting] {
    (0..<30).map { index in
      let pixel = SIMD2(Double(index % 6) * 28 + 10, Double(index / 6) * 24 + 10)
      let ray = camera.unproject(pixel) ?? .zero
      return .init(
        landmark: .init(
          identifier: 100 * frameNumber + index, position: Self.pose(frameNumber) * (Self.distance * ray)),
        pixel: pixel)
    }
  }

  /// What the camera sees at a frame, all in one hue.
  static func picture(_ number: Int, isUniform: Bool = false) -> Picture {
    let builder = PictureBuilder(resolution: resolution)
    let shift = step * Double(number) / distance * 140
    for y in 0..<resolution.height {
      for x in 0..<resolution.width {
        let value = isUniform ? 120 : brightness(Double(x) + shift, Double(y))
        builder.luma[y * builder.strides.luma + x] = UInt8(value)
      }
    }
    for offset in 0..<builder.strides.chroma * ((resolution.height + 1) / 2) {
      builder.cb[offset] = 90
      builder.cr[offset] = 160
    }
    return builder.seal()
  }

  /// Spots of random brightness every five pixels, smoothly joined.
  private static func brightness(_ x: Double, _ y: Double) -> Double {
    let (u, v) = (x / 5, y / 5)
    let (column, row) = (u.rounded(.down), v.rounded(.down))
    let (a, b) = (u - column, v - row)
    func spot(_ dx: Int, _ dy: Int) -> Double {
      var mixed = UInt64(bitPattern: Int64((Int(column) + dx) &* 73_856_093 ^ (Int(row) + dy) &* 19_349_663))
      mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
      mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
      return 30 + Double((mixed ^ (mixed >> 31)) % 190)
    }
    let top = spot(0, 0) * (1 - a) + spot(1, 0) * a
    let bottom = spot(0, 1) * (1 - a) + spot(1, 1) * a
    return top * (1 - b) + bottom * b
  }
}
