import Geometry
import MapFormats
import Testing

@Suite struct MapFilesTests {
  private let pose = SE3(rotation: .exp(SIMD3(0.3, -0.2, 0.9)), translation: SIMD3(1, -2, 3))

  private func float(_ bytes: [UInt8], at offset: Int) -> Float {
    var pattern: UInt32 = 0
    for byte in bytes[offset..<offset + 4].reversed() { pattern = pattern << 8 | UInt32(byte) }
    return Float(bitPattern: pattern)
  }

  private func double(_ bytes: [UInt8], at offset: Int) -> Double {
    var pattern: UInt64 = 0
    for byte in bytes[offset..<offset + 8].reversed() { pattern = pattern << 8 | UInt64(byte) }
    return Double(bitPattern: pattern)
  }

  @Test func poseIsANumPyArray() {
    let bytes = NumPyFile.bytes(of: pose)
    #expect(bytes.count == 128 + 16 * 8)
    #expect(Array(bytes.prefix(8)) == [0x93, 0x4E, 0x55, 0x4D, 0x50, 0x59, 1, 0])
    let header = String(decoding: bytes[10..<128], as: UTF8.self)
    #expect(header.hasPrefix("{'descr': '<f8', 'fortran_order': False, 'shape': (4, 4,), }") && header.hasSuffix("\n"))
    #expect(Int(bytes[8]) | Int(bytes[9]) << 8 == 118)
    #expect(double(bytes, at: 128 + 15 * 8) == 1 && double(bytes, at: 128 + 3 * 8) == 1)
    #expect(double(bytes, at: 128 + 7 * 8) == -2 && double(bytes, at: 128 + 11 * 8) == 3)
  }

  @Test func keyFrameSegmentHasItsHeader() {
    let segment = KeyFrameSegment(
      nanos: 0x0102_0304_0506_0708, worldFromCamera: pose, points: [SIMD3(1, 5, -3), SIMD3(-1, 2, 9)],
      colours: [SIMD3(1, 2, 3), SIMD3(4, 5, 6)], confidences: [0.25, 1])
    let bytes = segment.bytes
    #expect(bytes.count == 108 + 2 * 12 + 2 * 3 + 2 * 4)
    #expect(Array(bytes.prefix(8)) == [8, 7, 6, 5, 4, 3, 2, 1])
    #expect(Array(bytes[8..<20]) == [2, 0, 0, 0, 3, 0, 0, 0, 1, 0, 0, 0])
    // Column-major: the translation is in the last column, elements 12 to 14.
    #expect((12..<16).map { float(bytes, at: 20 + 4 * $0) } == [1, -2, 3, 1])
    #expect((0..<6).map { float(bytes, at: 84 + 4 * $0) } == [-1, 2, -3, 1, 5, 9])
    #expect((0..<3).map { float(bytes, at: 108 + 4 * $0) } == [1, 5, -3])
    #expect(Array(bytes[132..<138]) == [1, 2, 3, 4, 5, 6])
    #expect(float(bytes, at: 138) == 0.25)
  }

  @Test func emptySegmentIsAHeader() {
    let segment = KeyFrameSegment(nanos: 1, worldFromCamera: .identity, points: [], colours: [])
    #expect(segment.bytes.count == KeyFrameSegment.headerSize)
  }

  @Test func reconstructionIsCOLMAPText() throws {
    let camera = CameraModel.pinhole(
      PinholeCamera(
        focalLength: SIMD2(500, 501), principalPoint: SIMD2(319.5, 239.5),
        distortion: .init(k1: 0.1, k2: -0.02, p1: 0.001, p2: 0), width: 640, height: 480))
    let world = SIMD3(1.5, -2, 8)
    let pixel = try #require(camera.project(pose.inverse * world))
    let model = COLMAPModel(
      cameras: [camera],
      images: [.init(name: "a.jpg", worldFromCamera: pose, observations: [.init(pixel: pixel, point: 0)])],
      points: [.init(position: world, colour: SIMD3(1, 2, 3), error: 0.5)])
    let parameters = [500, 501, 320, 240, 0.1, -0.02, 0.001, 0].map { DecimalText.fixed($0, 9) }
    #expect(model.camerasText.hasSuffix("\n1 OPENCV 640 480 \(parameters.joined(separator: " "))\n"))
    let lines = model.imagesText.split(separator: "\n")
    let fields = lines[1].split(separator: " ")
    #expect(fields.count == 10 && fields[8] == "1" && fields[9] == "a.jpg")
    // Read as COLMAP does: camera from world, pixels from the corner.
    let numbers = fields[1...7].compactMap { Double($0) }
    let cameraFromWorld = SE3(
      rotation: SO3(x: numbers[1], y: numbers[2], z: numbers[3], w: numbers[0]),
      translation: SIMD3(numbers[4], numbers[5], numbers[6]))
    let seen = try #require(camera.project(cameraFromWorld * world))
    let observation = lines[2].split(separator: " ").compactMap { Double($0) }
    #expect(abs(seen.x + 0.5 - observation[0]) < 1e-3 && abs(seen.y + 0.5 - observation[1]) < 1e-3)
    #expect(model.pointsText.hasSuffix("\n1 1.500000000 -2.000000000 8.000000000 1 2 3 0.500000 1 0\n"))
  }

  @Test func lensesAreCOLMAPsModels() {
    func text(_ camera: CameraModel) -> String { COLMAPModel(cameras: [camera], images: [], points: []).camerasText }
    let (focal, centre) = (SIMD2<Double>(500, 501), SIMD2(319.5, 239.5))
    let plain = PinholeCamera(focalLength: focal, principalPoint: centre, width: 640, height: 480)
    let known = "640 480 500.000000000 501.000000000 320.000000000 240.000000000"
    #expect(text(.pinhole(plain)).hasSuffix("\n1 PINHOLE \(known)\n"))
    let fisheye = FisheyeCamera(
      focalLength: focal, principalPoint: centre, distortion: SIMD4(0.5, -1, 0, 2), width: 640, height: 480)
    let bends = "0.500000000 -1.000000000 0.000000000 2.000000000"
    #expect(text(.fisheye(fisheye)).hasSuffix("\n1 OPENCV_FISHEYE \(known) \(bends)\n"))
  }

  @Test func everyImageNamesItsCamera() {
    let cameras = [(640, 480), (480, 640)].map { width, height in
      CameraModel.pinhole(
        PinholeCamera(focalLength: SIMD2(500, 501), principalPoint: SIMD2(9.5, 19.5), width: width, height: height))
    }
    let model = COLMAPModel(
      cameras: cameras,
      images: [1, 0, 1].map { .init(name: "\($0).jpg", camera: $0, worldFromCamera: pose, observations: []) },
      points: [])
    let lines = model.camerasText.split(separator: "\n").dropFirst().map { $0.split(separator: " ").prefix(4) }
    #expect(lines == [["1", "PINHOLE", "640", "480"], ["2", "PINHOLE", "480", "640"]])
    // Every other line is of observations, and empty.
    let images = model.imagesText.split(separator: "\n").dropFirst().map { $0.split(separator: " ") }
    #expect(images.map { $0[0] } == ["1", "2", "3"] && images.map { $0[8] } == ["2", "1", "2"])
    #expect(images.map { $0[9] } == ["1.jpg", "0.jpg", "1.jpg"])
  }
}
