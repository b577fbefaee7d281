internal import DepthMaps
internal import Geometry

/// From key frames to clouds, one after the other: depth, then a look at whether those before and after agree.
struct DepthPipeline {
  /// A key frame with depth that waits for the next one to confirm it.
  private struct Pending {
    var job: DepthJob
    var estimates: [DepthEstimate]
  }

  private var estimator: DepthEstimator?
  private var camera: CameraModel?
  private var pending: Pending?
  /// What the key frames before the pending one see, the newest last.
  private var before: [(map: Int, depths: DepthConsistency)] = []
  private static let beforeCount = 3

  /// Finds a key frame's depth.
  /// - Returns: the key frame before it, which can be judged now.
  mutating func add(_ job: DepthJob) -> KeyFrameDepth? {
    if camera != job.camera {
      camera = job.camera
      estimator = DepthEstimator(camera: job.camera)
    }
    let estimates = estimator?.estimate(reference: job.reference, neighbours: job.neighbours, landmarks: job.landmarks)
    let added = Pending(job: job, estimates: estimates ?? [])
    let finished = judged(after: added)
    pending = added
    return finished
  }

  /// The last key frame; nothing comes after it.
  mutating func finish() -> KeyFrameDepth? {
    defer { (pending, before) = (nil, []) }
    return judged(after: nil)
  }

  private mutating func judged(after added: Pending?) -> KeyFrameDepth? {
    guard let pending else { return nil }
    let job = pending.job
    var others = before.filter { $0.map == job.map }.map(\.depths)
    if let added, added.job.map == job.map { others.append(Self.consistency(added)) }
    let kept = DepthConsistency.consistent(
      pending.estimates, cameraFromWorld: job.reference.cameraFromWorld, with: others, minimalConfirmations: 1)
    before.append((job.map, Self.consistency(pending)))
    if before.count > Self.beforeCount { before.removeFirst() }
    let colours = PictureColours(job.picture)
    let size = SIMD2(Float(job.camera.width), Float(job.camera.height))
    let cloud = KeyFrameCloud(kept) { pixel in
      let place = (pixel + 0.5) / size
      return colours.colour(x: Double(place.x), y: Double(place.y))
    }
    return KeyFrameDepth(frameNumber: job.frameNumber, nanos: job.nanos, map: job.map, cloud: cloud)
  }

  private static func consistency(_ pending: Pending) -> DepthConsistency {
    DepthConsistency(
      pending.estimates, cameraFromWorld: pending.job.reference.cameraFromWorld, camera: pending.job.camera)
  }
}
