internal import DepthMaps
internal import Geometry
internal import MediaModel
internal import SLAM
import Vision

/// The newest key frames with their pictures. The depth of one is looked for when some later ones are there, since the
/// camera has looked at the same things from either side by then.
struct KeyFrameRing {
  private struct Entry {
    var frameNumber: Int
    var nanos: Int64
    var image: GreyImage
    var picture: Picture
  }

  /// Earlier and later key frames that a key frame is compared with: the best of them.
  private static let earlier = 6
  private static let later = 3
  /// As many as ``DepthEstimator`` takes.
  private static let neighbourCount = 4

  private var entries: [Entry] = []
  /// Index of the next key frame whose depth has not been asked for.
  private var next = 0

  /// Keeps a key frame.
  mutating func add(_ update: SLAMUpdate, image: GreyImage, picture: Picture) {
    let capacity = Self.earlier + 1 + Self.later
    if entries.count >= capacity {
      entries.removeFirst()
      next = max(0, next - 1)
    }
    entries.append(
      Entry(frameNumber: update.frameNumber, nanos: update.nanos, image: image, picture: picture))
  }

  /// The key frames whose turn has come, oldest first.
  /// - Parameters:
  ///   - backend: tells poses and landmarks as they are known now.
  ///   - firstMap: is added to its numbers of maps.
  ///   - atEnd: whether no more key frames follow, so that the last ones' turn has come too.
  mutating func jobs(_ backend: any SLAMBackend, firstMap: Int, atEnd: Bool) -> [DepthJob] {
    let end = max(next, atEnd ? entries.count : entries.count - Self.later)
    guard next < end, let oldest = entries.first else { return [] }
    defer { next = end }
    var poses: [Int: SLAMPose] = [:]
    for pose in backend.trajectory(since: oldest.nanos) { poses[pose.frameNumber] = pose }
    return (next..<end).compactMap { job($0, poses, backend, firstMap) }
  }

  private func job(_ index: Int, _ poses: [Int: SLAMPose], _ backend: any SLAMBackend, _ firstMap: Int) -> DepthJob? {
    let entry = entries[index]
    guard let pose = poses[entry.frameNumber] else { return nil }
    let camera = backend.camera
    let reference = pose.worldFromCamera.inverse
    var landmarks = backend.points(seenByKeyFrame: entry.frameNumber).map(\.landmark.position)
    var candidates: [(entry: Entry, cameraFromWorld: SE3)] = []
    for (other, candidate) in entries.enumerated() where other != index {
      guard let pose = poses[candidate.frameNumber], pose.map == poses[entry.frameNumber]?.map else { continue }
      candidates.append((candidate, pose.worldFromCamera.inverse))
      guard abs(other - index) <= Self.later else { continue }
      landmarks += backend.points(seenByKeyFrame: candidate.frameNumber).map(\.landmark.position)
    }
    let chosen = NeighbourChoice.choose(
      reference: reference, candidates: candidates.map(\.cameraFromWorld), landmarks: landmarks,
      count: Self.neighbourCount, camera: camera)
    guard !chosen.isEmpty else { return nil }
    return DepthJob(
      frameNumber: entry.frameNumber, nanos: entry.nanos, map: pose.map + firstMap, camera: camera,
      reference: DepthView(image: entry.image, cameraFromWorld: reference),
      neighbours: chosen.map {
        DepthView(image: candidates[$0].entry.image, cameraFromWorld: candidates[$0].cameraFromWorld)
      },
      landmarks: landmarks, picture: entry.picture)
  }
}
