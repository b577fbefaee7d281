import BusMessages
import Geometry
import MapFormats
import MediaModel
import NIOCore
import PosixFiles
import SessionEvents
import SessionLog
import SessionModel

extension SessionFolder {
  /// Where the camera was at a key frame.
  package func pose(ofKeyFrame number: Int) throws(SessionsError) -> SE3 {
    let path = "\(path)/keyframes/pose_\(Self.numbered(number)).npy"
    let bytes = try Self.contents(path, limit: 4_096)
    guard let pose = NumPyFile.pose(Array(bytes.readableBytesView)) else {
      throw .malformed(path: path, reason: "it is no 4×4 matrix of float64 with a rotation")
    }
    return pose
  }
}

/// The key frames of a session as COLMAP's text model: `cameras.txt`, `images.txt`, `points3D.txt` and the folder `images`.
///
/// Of several maps, which have nothing in common, that with most key frames.
struct SessionKeyFrames {
  /// What the model lacks.
  struct Shortcomings {
    /// Whether the lens of a size is not known: `cameras.txt` has that of a usual phone then.
    var isLensAssumed = false
    /// Key frames of other maps.
    var leftOut = 0
  }

  /// What a session's MCAP file tells of it.
  private struct Recorded {
    /// All lenses, in their order.
    var lenses: [CameraModel] = []
    /// The latest cloud of each map.
    var clouds: [Int: PointCloud] = [:]
    /// The map of each frame that has a pose.
    var maps: [Int: Int] = [:]
  }

  private static let largestImage = 64 << 20
  private let folder: SessionFolder
  private let camera: CameraDescription?

  /// - Parameter camera: the lens; `nil`: the one that was recorded.
  init(_ folder: SessionFolder, camera: CameraDescription?) {
    self.folder = folder
    self.camera = camera
  }

  /// Writes all of it, with one camera for each size of pictures: that of a video may change.
  func write(_ path: String) throws -> Shortcomings {
    let images = "\(path)/images"
    let all = folder.keyFrames
    guard !all.isEmpty else { throw SessionsError.nothing(session: folder.name, what: "key frames") }
    do throws(FileFailure) { try Folder.make(images) } catch { throw SessionsError.file("\(error)") }
    let recorded = try recorded()
    let (map, numbers) = Self.largestMap(all, recorded.maps)
    var (cameras, places, pictures) = ([CameraModel](), [Resolution: Int](), [COLMAPModel.Image]())
    var shortcomings = Shortcomings(leftOut: all.count - numbers.count)
    for number in numbers {
      let name = "keyframe_\(SessionFolder.numbered(number)).jpg"
      let jpeg = try SessionFolder.contents("\(folder.path)/keyframes/\(name)", limit: Self.largestImage)
      let copy = try OutputFile("\(images)/\(name)")
      try copy.write(jpeg)
      try copy.finish()
      let size = try size(of: jpeg, name)
      let place = places[size] ?? cameras.count
      if place == cameras.count {
        let known = lens(for: size, recorded.lenses)
        if known == nil { shortcomings.isLensAssumed = true }
        cameras.append(known ?? .assumed(width: size.width, height: size.height))
        places[size] = place
      }
      pictures.append(
        COLMAPModel.Image(
          name: name, camera: place, worldFromCamera: try folder.pose(ofKeyFrame: number), observations: []))
    }
    let points = (recorded.clouds[map]?.points ?? []).map {
      COLMAPModel.Point(position: SIMD3<Double>($0.position), colour: $0.colour, error: 0)
    }
    let model = COLMAPModel(cameras: cameras, images: pictures, points: points)
    for (name, text) in [
      ("cameras.txt", model.camerasText), ("images.txt", model.imagesText), ("points3D.txt", model.pointsText),
    ] {
      let file = try OutputFile("\(path)/\(name)")
      try file.write(text)
      try file.finish()
    }
    return shortcomings
  }

  /// The map that most key frames are in, the later of equal ones, and those of them that are not known to be in another.
  private static func largestMap(_ numbers: [Int], _ maps: [Int: Int]) -> (map: Int, numbers: [Int]) {
    let counts = Dictionary(numbers.compactMap { maps[$0] }.map { ($0, 1) }, uniquingKeysWith: +)
    let map = counts.max { ($0.value, $0.key) < ($1.value, $1.key) }?.key ?? maps.values.max() ?? 0
    return (map, numbers.filter { maps[$0].map { $0 == map } ?? true })
  }

  /// The one that was given, or else the last that was recorded of pictures of this shape: the later, the better known.
  /// One that was given for another shape counts as it is where there is none of this shape.
  private func lens(for size: Resolution, _ recorded: [CameraModel]) -> CameraModel? {
    camera?.camera.resized(to: size) ?? recorded.reversed().lazy.compactMap { $0.resized(to: size) }.first
      ?? camera?.camera
  }

  private func size(of jpeg: ByteBuffer, _ name: String) throws(SessionsError) -> Resolution {
    guard let size = Self.size(ofJPEG: jpeg) else {
      throw .malformed(path: "\(folder.path)/keyframes/\(name)", reason: "it is no JPEG")
    }
    return size
  }

  /// Of the frame header. Source: ITU-T T.81, Annex B.2.2.
  static func size(ofJPEG jpeg: ByteBuffer) -> Resolution? {
    var bytes = jpeg
    guard bytes.readInteger(as: UInt16.self) == 0xFFD8 else { return nil }
    while let marker = bytes.readInteger(as: UInt16.self), let length = bytes.readInteger(as: UInt16.self),
      length >= 2, var segment = bytes.readSlice(length: Int(length) - 2)
    {
      let isFrame = (0xFFC0...0xFFCF).contains(marker) && ![0xFFC4, 0xFFC8, 0xFFCC].contains(marker)
      guard isFrame else { continue }
      guard segment.readInteger(as: UInt8.self) != nil, let height = segment.readInteger(as: UInt16.self),
        let width = segment.readInteger(as: UInt16.self), width > 0, height > 0
      else { return nil }
      return Resolution(width: Int(width), height: Int(height))
    }
    return nil
  }

  private func recorded() throws -> Recorded {
    var recorded = Recorded()
    guard let path = folder.mcapPath, let file = try? SessionMCAP(path: path) else { return recorded }
    let topics: [SessionTopic] = [.video, .poseState, .pose, .points, .calibration]
    let events = file.messages(topics: Set(topics.map(\.name)))
    var decoder = SessionMessageDecoder()
    // A cloud does not say which map it is of; the pose before it does.
    var map = 0
    while let message = try events.next() {
      switch try? decoder.event(topic: message.topic, time: message.time, data: message.data) {
      case .pose(let pose)?:
        map = pose.map
        if pose.frame > 0 { recorded.maps[pose.frame] = map }
      case .points(_, let cloud)? where !cloud.points.isEmpty: recorded.clouds[map] = cloud
      case .camera(let camera)?: recorded.lenses.append(CameraModel(camera))
      default: continue
      }
    }
    return recorded
  }
}

extension CameraModel {
  fileprivate init(_ camera: SessionEvent.Camera) {
    let (focal, centre, size) = (camera.focalLength, camera.principalPoint, camera.resolution)
    switch camera.distortion {
    case .none:
      self = .pinhole(
        PinholeCamera(focalLength: focal, principalPoint: centre, width: size.width, height: size.height))
    case .radialTangential(let k):
      self = .pinhole(
        PinholeCamera(
          focalLength: focal, principalPoint: centre, distortion: .init(k1: k.x, k2: k.y, p1: k.z, p2: k.w),
          width: size.width, height: size.height))
    case .fisheye(let k):
      self = .fisheye(
        FisheyeCamera(
          focalLength: focal, principalPoint: centre, distortion: k, width: size.width, height: size.height))
    }
  }

  /// The same lens for pictures of another size, whose edges are the same; `nil` where their shape is another one.
  fileprivate func resized(to size: Resolution) -> CameraModel? {
    let factor = Double(size.width) / Double(width)
    guard abs(factor * Double(height) - Double(size.height)) <= 1 else { return nil }
    return scaled(by: factor, width: size.width, height: size.height)
  }
}
