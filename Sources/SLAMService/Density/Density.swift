internal import BusMessages
internal import Clocks
internal import DepthMaps
internal import MediaModel
internal import SLAM
import Vision

/// Depth of key frames, of one segment: takes pictures and poses of whichever back end, and keeps what they show.
struct Density {
  private var ring = KeyFrameRing()
  private let thread: DepthThread
  private(set) var map: DenseMap
  private let metrics: SLAMMetrics
  /// Whether time does not wait. Otherwise each key frame waits for the one before, so that nothing is given up and
  /// every run is the same.
  private let isLive: Bool
  private var finished: [KeyFrameDepth] = []
  private var clouds: [CloudFusion.Result] = []

  init(isLive: Bool, maximalPoints: Int, metrics: SLAMMetrics, clocks: SystemClocks) {
    thread = DepthThread(clocks: clocks)
    self.isLive = isLive
    self.metrics = metrics
    map = DenseMap(maximalPoints: maximalPoints)
  }

  /// Takes a key frame.
  mutating func add(
    _ update: SLAMUpdate, image: GreyImage, picture: Picture, _ backend: any SLAMBackend, firstMap: Int
  ) {
    ring.add(update, image: image, picture: picture)
    for job in ring.jobs(backend, firstMap: firstMap, atEnd: false) { put(.keyFrame(job)) }
  }

  /// Asks for the present map's points, for ``takeClouds()`` to come out in their time.
  mutating func ask(for fusion: CloudFusion?) {
    guard let fusion else { return }
    put(.fusion(fusion))
  }

  private mutating func put(_ work: DepthThread.Work) {
    if !isLive { thread.drain() }
    collect()
    metrics.recordDepthDropped(thread.put(work))
  }

  /// What has been found out since the last call; nothing of it twice.
  mutating func take() -> (depths: [KeyFrameDepth], clouds: [CloudFusion.Result]) {
    if isLive { collect() }
    defer { (finished, clouds) = ([], []) }
    return (finished, clouds)
  }

  /// Finds the depth of the last key frames too. Takes a quarter of a second at most.
  mutating func finish(_ backend: any SLAMBackend, firstMap: Int) {
    for job in ring.jobs(backend, firstMap: firstMap, atEnd: true) {
      thread.drain()
      put(.keyFrame(job))
    }
    put(.finish)
    thread.drain()
    collect()
  }

  private mutating func collect() {
    for outcome in thread.takeOutcomes() {
      switch outcome {
      case .depth(let depth, let time):
        metrics.record(.depth, took: time)
        guard let depth else { continue }
        map.add(depth)
        finished.append(depth)
      case .cloud(let cloud): clouds.append(cloud)
      }
    }
    metrics.recordDensePoints(map.pointCount)
  }

  mutating func keep(_ snapshot: SLAMSnapshot) { map.keep(snapshot) }
}
