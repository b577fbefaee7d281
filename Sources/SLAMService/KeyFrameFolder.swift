internal import Geometry
import JPEG
import MapFormats
internal import MediaModel
import NIOCore
import PosixFiles

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Key frames on disk, in the folder `keyframes` of a session (protocol.md section 11).
struct KeyFrameFolder {
  private let quality: Int
  private let encoder: JPEGEncoder
  /// Folders of the key frames that were kept, by frame number.
  private var folders: [Int: String] = [:]

  init(quality: Int) throws(JPEGError) {
    self.quality = quality
    encoder = try JPEGEncoder()
  }

  /// The file of a key frame's picture.
  static func imageName(_ frameNumber: Int) -> String { "keyframe_\(digits(frameNumber)).jpg" }

  /// Keeps a key frame.
  /// - Parameter session: the folder of the session.
  mutating func keep(_ picture: Picture, frameNumber: Int, _ worldFromCamera: SE3, session: String) throws {
    let folder = session + "/keyframes"
    try Folder.make(folder)
    let image = try encoder.encode(picture, quality: quality)
    try Self.write(image, to: "\(folder)/\(Self.imageName(frameNumber))")
    folders[frameNumber] = folder
    try writePose(frameNumber, worldFromCamera)
  }

  /// Writes the poses of key frames again, once more is known about them.
  func correct(_ keyFrames: [(frameNumber: Int, worldFromCamera: SE3)]) throws(FileFailure) {
    for keyFrame in keyFrames { try writePose(keyFrame.frameNumber, keyFrame.worldFromCamera) }
  }

  private func writePose(_ frameNumber: Int, _ worldFromCamera: SE3) throws(FileFailure) {
    guard let folder = folders[frameNumber] else { return }
    try Self.write(
      NumPyFile.bytes(of: worldFromCamera), to: "\(folder)/pose_\(Self.digits(frameNumber)).npy")
  }

  private static func write(_ bytes: [UInt8], to path: String) throws(FileFailure) {
    let file = try OpenFile(path, flags: O_WRONLY | O_CREAT | O_TRUNC, mode: 0o644)
    if let failure = file.write(ByteBuffer(bytes: bytes), at: 0).failure { throw failure }
  }

  private static func digits(_ number: Int) -> String {
    let text = String(number)
    return String(repeating: "0", count: max(0, 6 - text.count)) + text
  }
}
