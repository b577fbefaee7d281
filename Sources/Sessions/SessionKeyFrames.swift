import BusMessages
import Geometry
import MapFormats
import MediaModel
import NIOCore
import PosixFiles
import SessionEvents
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
struct SessionKeyFrames {
  private static let largestImage = 64 << 20
  private let folder: SessionFolder
  private let camera: CameraDescription?

  init(_ folder: SessionFolder, camera: CameraDescription?) {
    self.folder = folder
    self.camera = camera
  }

  func write(_ path: String) throws {
    let images = "\(path)/images"
    let numbers = folder.keyFrames
    guard !numbers.isEmpty else { throw SessionsError.nothing(session: folder.name, what: "key frames") }
    do throws(FileFailure) { try Folder.make(images) } catch { throw SessionsError.file("\(error)") }
    var model: COLMAPModel?
    for number in numbers {
      let name = "keyframe_\(SessionFolder.numbered(number)).jpg"
      let jpeg = try SessionFolder.contents("\(folder.path)/keyframes/\(name)", limit: Self.largestImage)
      let copy = try OutputFile("\(images)/\(name)")
      try copy.write(jpeg)
      try copy.finish()
      if model == nil { model = COLMAPModel(camera: try lens(of: jpeg, name), images: [], points: try points()) }
      model?.images.append(
        COLMAPModel.Image(name: name, worldFromCamera: try folder.pose(ofKeyFrame: number), observations: []))
    }
    guard let model else { return }
    for (name, text) in [
      ("cameras.txt", model.camerasText), ("images.txt", model.imagesText), ("points3D.txt", model.pointsText),
    ] {
      let file = try OutputFile("\(path)/\(name)")
      try file.write(text)
      try file.finish()
    }
  }

  private func lens(of jpeg: ByteBuffer, _ name: String) throws -> CameraModel {
    if let camera { return camera.camera }
    guard let size = Self.size(ofJPEG: jpeg) else {
      throw SessionsError.malformed(path: "\(folder.path)/keyframes/\(name)", reason: "it is no JPEG")
    }
    return .assumed(width: size.width, height: size.height)
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

  /// Those of the last cloud, without the images that see them.
  private func points() throws -> [COLMAPModel.Point] {
    guard let path = folder.mcapPath, let file = try? SessionMCAP(path: path) else { return [] }
    let events = file.messages(topics: ["/points"])
    var cloud = PointCloud()
    var decoder = SessionMessageDecoder()
    while let message = try events.next() {
      let event = try? decoder.event(topic: message.topic, time: message.time, data: message.data)
      if case .points(_, let found)? = event, !found.points.isEmpty { cloud = found }
    }
    return cloud.points.map {
      COLMAPModel.Point(position: SIMD3<Double>($0.position), colour: $0.colour, error: 0)
    }
  }
}
