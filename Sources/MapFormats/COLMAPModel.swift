public import Geometry

/// A sparse reconstruction in COLMAP's text format: what Gaussian splatting and multi-view stereo start from.
///
/// Source: COLMAP documentation, "Output Format". Numbers count from 1; pixels there put (0.5, 0.5) at the centre of the
/// top left pixel, half a pixel more than here.
public struct COLMAPModel: Sendable {
  /// One picture and what it sees.
  public struct Image: Hashable, Sendable {
    public var name: String
    /// Its index in ``COLMAPModel/cameras``.
    public var camera: Int
    public var worldFromCamera: SE3
    /// Pixels of points, and their index in ``COLMAPModel/points``.
    public var observations: [Observation]

    public init(name: String, camera: Int = 0, worldFromCamera: SE3, observations: [Observation]) {
      self.name = name
      self.camera = camera
      self.worldFromCamera = worldFromCamera
      self.observations = observations
    }
  }

  /// Where an image sees a point.
  public struct Observation: Hashable, Sendable {
    public var pixel: SIMD2<Double>
    public var point: Int

    public init(pixel: SIMD2<Double>, point: Int) {
      self.pixel = pixel
      self.point = point
    }
  }

  /// A point of the map.
  public struct Point: Hashable, Sendable {
    public var position: SIMD3<Double>
    public var colour: SIMD3<UInt8>
    /// Mean distance between projection and observation, pixels.
    public var error: Double

    public init(position: SIMD3<Double>, colour: SIMD3<UInt8>, error: Double) {
      self.position = position
      self.colour = colour
      self.error = error
    }
  }

  /// One for each size and lens of the images.
  public let cameras: [CameraModel]
  public let images: [Image]
  public let points: [Point]

  /// - Precondition: images name cameras, and observations points, that exist.
  public init(cameras: [CameraModel], images: [Image], points: [Point]) {
    precondition(images.allSatisfy { cameras.indices.contains($0.camera) }, "images of cameras that exist")
    precondition(
      images.allSatisfy { $0.observations.allSatisfy { points.indices.contains($0.point) } },
      "observations of points that exist")
    self.cameras = cameras
    self.images = images
    self.points = points
  }

  /// `cameras.txt`: a line a camera, PINHOLE where nothing is distorted, else OPENCV or OPENCV_FISHEYE.
  public var camerasText: String {
    let lines = cameras.enumerated().map { "\($0 + 1) \(Self.text(of: $1))\n" }
    return "# CAMERA_ID MODEL WIDTH HEIGHT PARAMS[]\n" + lines.joined()
  }

  private static func text(of camera: CameraModel) -> String {
    let (model, distortion): (String, [Double]) =
      switch camera {
      case .pinhole(let camera) where camera.distortion == .none: ("PINHOLE", [])
      case .pinhole(let camera):
        ("OPENCV", [camera.distortion.k1, camera.distortion.k2, camera.distortion.p1, camera.distortion.p2])
      case .fisheye(let camera):
        ("OPENCV_FISHEYE", [camera.distortion.x, camera.distortion.y, camera.distortion.z, camera.distortion.w])
      }
    let (focal, centre) = (camera.focalLength, camera.principalPoint + 0.5)
    let parameters = ([focal.x, focal.y, centre.x, centre.y] + distortion).map { DecimalText.fixed($0, 9) }
    return "\(model) \(camera.width) \(camera.height) \(parameters.joined(separator: " "))"
  }

  /// `images.txt`: two lines an image, its pose (camera from world) and its observations.
  public var imagesText: String {
    var text = "# IMAGE_ID QW QX QY QZ TX TY TZ CAMERA_ID NAME, then X Y POINT3D_ID for each observation\n"
    for (index, image) in images.enumerated() {
      let cameraFromWorld = image.worldFromCamera.inverse
      let (q, t) = (cameraFromWorld.rotation.quaternion, cameraFromWorld.translation)
      let pose = [q.w, q.x, q.y, q.z, t.x, t.y, t.z].map { DecimalText.fixed($0, 12) }
      text += "\(index + 1) \(pose.joined(separator: " ")) \(image.camera + 1) \(image.name)\n"
      let observations = image.observations.map { observation in
        let pixel = observation.pixel + 0.5
        return "\(DecimalText.fixed(pixel.x, 3)) \(DecimalText.fixed(pixel.y, 3)) \(observation.point + 1)"
      }
      text += observations.joined(separator: " ") + "\n"
    }
    return text
  }

  /// `points3D.txt`: a line a point, with the images that see it.
  public var pointsText: String {
    var tracks = [[String]](repeating: [], count: points.count)
    for (index, image) in images.enumerated() {
      for (position, observation) in image.observations.enumerated() {
        tracks[observation.point].append("\(index + 1) \(position)")
      }
    }
    var text = "# POINT3D_ID X Y Z R G B ERROR TRACK[] as (IMAGE_ID POINT2D_IDX)\n"
    for (index, point) in points.enumerated() {
      let position = [point.position.x, point.position.y, point.position.z].map { DecimalText.fixed($0, 9) }
      let colour = "\(point.colour.x) \(point.colour.y) \(point.colour.z)"
      let fields = ["\(index + 1)"] + position + [colour, DecimalText.fixed(point.error, 6)] + tracks[index]
      text += fields.joined(separator: " ") + "\n"
    }
    return text
  }
}
