public import Geometry

#if canImport(FoundationEssentials)
  public import FoundationEssentials
#else
  public import Foundation
#endif

/// `camera.json`: the lens of a camera, its shutter, and where an IMU sits.
public struct CameraDescription: Hashable, Sendable {
  public var camera: CameraModel
  /// Whether somebody measured the lens: a plain `pinhole` without distortion is what a maker says, or a guess.
  public var isCalibrated = true
  /// Time from the first row of a picture to the last, seconds; 0 for a global shutter, `nil` when not told.
  public var readoutSeconds: Double?
  /// The pose of the camera in the axes of the IMU.
  public var imuFromCamera: SE3?
  /// imuTime = cameraTime + offset, seconds.
  public var imuTimeOffset: Double?
  public var imuNoise: IMUNoise?

  /// How much an IMU errs, as its data sheet says.
  public struct IMUNoise: Hashable, Sendable, Decodable {
    /// rad/s/√Hz
    public var gyroNoiseDensity: Double
    /// rad/s²/√Hz
    public var gyroRandomWalk: Double
    /// m/s²/√Hz
    public var accelNoiseDensity: Double
    /// m/s³/√Hz
    public var accelRandomWalk: Double

    enum CodingKeys: String, CodingKey {
      case gyroNoiseDensity = "gyro_noise_density"
      case gyroRandomWalk = "gyro_random_walk"
      case accelNoiseDensity = "accel_noise_density"
      case accelRandomWalk = "accel_random_walk"
    }
  }

  /// A camera without an IMU.
  public init(camera: CameraModel) { self.camera = camera }

  /// Reads the content of a `camera.json`.
  ///
  /// `model` is `pinhole…` (with k1, k2, p1, p2) or `fisheye` / `kannala-brandt` (with k1…k4); other fields may follow.
  /// - Throws: `MapFormatError.camera` that names the field.
  public init(json: Data) throws(MapFormatError) {
    let file: File
    do { file = try JSONDecoder().decode(File.self, from: json) } catch let error as DecodingError {
      throw .camera(field: Self.path(of: error), reason: "missing, or of another type")
    } catch {
      throw .camera(field: "file", reason: "no JSON")
    }
    camera = try file.cameraModel()
    isCalibrated = file.isCalibrated
    readoutSeconds = file.shutter == "global" ? 0 : file.readoutSeconds
    if let readoutSeconds, !(0...0.2).contains(readoutSeconds) {
      throw .camera(field: "readout_s", reason: "not between 0 and 0.2 seconds")
    }
    imuFromCamera = try file.imuFromCamera.map { rows throws(MapFormatError) in
      try Self.rigidMotion(rows, field: "T_imu_cam")
    }
    imuTimeOffset = file.imuTimeOffset
    imuNoise = file.imuNoise
  }

  private static func rigidMotion(_ rows: [[Double]], field: String) throws(MapFormatError) -> SE3 {
    guard rows.count == 4 || rows.count == 3, rows.allSatisfy({ $0.count == 4 }) else {
      throw .camera(field: field, reason: "no 4×4 matrix")
    }
    let matrix = Matrix3(
      rows: SIMD3(rows[0][0], rows[0][1], rows[0][2]), SIMD3(rows[1][0], rows[1][1], rows[1][2]),
      SIMD3(rows[2][0], rows[2][1], rows[2][2]))
    guard abs(matrix.determinant - 1) < 0.01 else { throw .camera(field: field, reason: "no rotation") }
    return SE3(rotation: SO3(matrix: matrix), translation: SIMD3(rows[0][3], rows[1][3], rows[2][3]))
  }

  private static func path(of error: DecodingError) -> String {
    let path: [any CodingKey]
    switch error {
    case .keyNotFound(let key, let context): path = context.codingPath + [key]
    case .typeMismatch(_, let context), .valueNotFound(_, let context), .dataCorrupted(let context):
      path = context.codingPath
    @unknown default: path = []
    }
    return path.isEmpty ? "file" : path.map(\.stringValue).joined(separator: ".")
  }
}

/// The file as it is.
private struct File: Decodable {
  var model: String
  var fx, fy, cx, cy: Double
  var k1, k2, p1, p2, k3, k4: Double?
  var width, height: Int
  var shutter: String?
  var readoutSeconds: Double?
  var imuFromCamera: [[Double]]?
  var imuTimeOffset: Double?
  var imuNoise: CameraDescription.IMUNoise?

  enum CodingKeys: String, CodingKey {
    case model, fx, fy, cx, cy, k1, k2, p1, p2, k3, k4, width, height, shutter
    case readoutSeconds = "readout_s"
    case imuFromCamera = "T_imu_cam"
    case imuTimeOffset = "imu_time_offset_s"
    case imuNoise = "imu_noise"
  }

  var isCalibrated: Bool {
    !model.hasPrefix("pinhole") || model.contains("radtan") || [k1, k2, p1, p2].contains { ($0 ?? 0) != 0 }
  }

  func cameraModel() throws(MapFormatError) -> CameraModel {
    guard (16...16_384).contains(width), (16...16_384).contains(height) else {
      throw .camera(field: "width, height", reason: "\(width)×\(height) is no picture size from 16 to 16384")
    }
    for (name, value) in [("fx", fx), ("fy", fy)] where !(1...1e6).contains(value) {
      throw .camera(field: name, reason: "\(value) is no focal length in pixels")
    }
    let (focal, centre) = (SIMD2(fx, fy), SIMD2(cx, cy))
    if model.hasPrefix("pinhole") {
      return .pinhole(
        PinholeCamera(
          focalLength: focal, principalPoint: centre,
          distortion: .init(k1: k1 ?? 0, k2: k2 ?? 0, p1: p1 ?? 0, p2: p2 ?? 0), width: width, height: height))
    }
    guard model.hasPrefix("fisheye") || model.hasPrefix("kannala") else {
      throw .camera(field: "model", reason: "“\(model.prefix(40))”; models are pinhole, pinhole-radtan, fisheye")
    }
    return .fisheye(
      FisheyeCamera(
        focalLength: focal, principalPoint: centre, distortion: SIMD4(k1 ?? 0, k2 ?? 0, k3 ?? 0, k4 ?? 0),
        width: width, height: height))
  }
}
