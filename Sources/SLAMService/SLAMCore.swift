internal import BusMessages
package import Clocks
package import Geometry
package import Logging
import InertialAlignment
import MapFormats
package import MediaModel
package import MessageBus
import Observability
package import SLAM

/// A picture on its way into SLAM.
package struct SLAMPicture: Sendable {
  /// Number of the frame, from 1.
  package var number: Int
  /// Capture time by whoever sent it, nanoseconds since 1970.
  package var nanos: Int64
  package var picture: Picture
  package var isLive: Bool
  /// Whether the next frame waits until this one is done with.
  package var canWait: Bool
  package var trace: TraceContext?

  package init(
    number: Int, nanos: Int64, picture: Picture, isLive: Bool, canWait: Bool? = nil, trace: TraceContext? = nil
  ) {
    self.canWait = canWait ?? !isLive
    self.number = number
    self.nanos = nanos
    self.picture = picture
    self.isLive = isLive
    self.trace = trace
  }
}

/// The work of ``SLAMService``, one frame after the other.
package struct SLAMCore {
  private let options: SLAMServiceOptions
  private let metrics: SLAMMetrics
  private let clocks: SystemClocks
  private let logger: Logger
  private let makeBackend: @Sendable (CameraModel) -> any SLAMBackend
  private var output: SLAMOutput
  private var segment: SLAMSegment?
  private var nextMap = 0
  package private(set) var results: [SLAMResult] = []
  package private(set) var problem: SLAMServiceError?
  private var lastState: SLAMState?
  /// The map that is kept from one segment, and one run, to the next.
  package private(set) var keptMap: SavedMap?
  /// When the map of live video is to be kept next, capture time, and key frames it had the last time.
  private var nextKeeping: Int64?
  private var keptCount = 0
  private var isLive = false
  private var canWait = false

  package init(
    options: SLAMServiceOptions, bus: any MessageBus, metrics: SLAMMetrics, clocks: SystemClocks, logger: Logger,
    makeBackend: @escaping @Sendable (CameraModel) -> any SLAMBackend
  ) {
    self.options = options
    self.metrics = metrics
    self.clocks = clocks
    self.logger = logger
    self.makeBackend = makeBackend
    keptMap = options.earlierMap
    output = SLAMOutput(options: options, bus: bus, metrics: metrics, logger: logger)
  }

  /// Handles a frame.
  /// - Throws: `SLAMServiceError` for a frame that cannot be used; the next one may be.
  package mutating func take(_ frame: SLAMPicture, motion: [MotionSample]) throws(SLAMServiceError) {
    let picture = frame.picture
    (isLive, canWait) = (frame.isLive, frame.canWait)
    do throws(SLAMServiceError) {
      let nanos = try captureTime(of: frame)
      let needsNew =
        segment.map { $0.resolution != picture.resolution || (frame.isLive && !$0.takes(nanos: nanos)) } ?? true
      if needsNew { try begin(picture.resolution, nanos: nanos) }
      guard var segment, segment.takes(nanos: nanos) else { throw .timeGoesBack(frame: frame.number) }
      let start = clocks.host()
      let update = segment.add(picture, number: frame.number, nanos: nanos)
      metrics.record(update.isKeyFrame ? .mapping : .tracking, took: clocks.host().since(start))
      metrics.record(update)
      note(update)
      align(update, motion, &segment)
      let published = clocks.host()
      segment.lookForDepth(update, in: picture)
      output.publish(update, of: frame, nanos: nanos, in: &segment)
      output.publishDepth(in: &segment)
      metrics.record(.publishing, took: clocks.host().since(published))
      self.segment = segment
    } catch {
      if problem == nil { problem = error }
      throw error
    }
  }

  /// Finds out metres and the vertical, as far as sensors beside the camera tell them.
  private func align(_ update: SLAMUpdate, _ motion: [MotionSample], _ segment: inout SLAMSegment) {
    segment.alignment.add(motion)
    let isDue = segment.alignment.follow(
      nanos: update.nanos, map: update.map, worldFromCamera: update.worldFromCamera)
    guard isDue else { return }
    let start = clocks.host()
    let path = segment.poses(ofMap: update.map, since: segment.alignment.pathStart(at: update.nanos))
    segment.alignment.estimate(path)
    metrics.record(.alignment, took: clocks.host().since(start))
    let placement = segment.alignment.placement
    metrics.recordScale(metresPerUnit: placement.quality == .trustworthy ? placement.metricFromWorld.scale : nil)
  }

  /// Ends the segment; the next frame begins another.
  package mutating func restart() {
    guard segment != nil else { return }
    logger.notice("slam starts anew")
    endSegment()
  }

  /// Nothing comes any more.
  package mutating func finish(motion: [MotionSample]) {
    segment?.alignment.add(motion)
    endSegment()
    output.close()
  }

  private func captureTime(of frame: SLAMPicture) throws(SLAMServiceError) -> Int64 {
    guard let times = options.times else { return frame.nanos }
    guard times.indices.contains(frame.number - 1) else { throw .fewerTimesThanFrames(times: times.count) }
    return times[frame.number - 1]
  }

  private mutating func begin(_ resolution: Resolution, nanos: Int64) throws(SLAMServiceError) {
    // Samples of the segment that ended tell of the next one too, unless the clock has jumped.
    let alignment = segment.flatMap { $0.takes(nanos: nanos) ? $0.alignment : nil }
    endSegment()
    var camera = CameraModel.assumed(width: resolution.width, height: resolution.height)
    if let described = options.camera?.camera {
      guard let fitting = described.fitting(resolution) else {
        throw .cameraOfAnotherSize(camera: "\(described.width)x\(described.height)", picture: "\(resolution)")
      }
      camera = fitting
    }
    let density =
      options.isDense
      ? Density(isLive: !canWait, maximalPoints: options.densePoints, metrics: metrics, clocks: clocks) : nil
    var begun = SLAMSegment(
      resolution: resolution, camera: camera, largestSide: options.largestSide, firstMap: nextMap,
      alignment: alignment ?? MapAlignment(camera: options.camera), density: density, makeBackend: makeBackend)
    if let keptMap {
      do throws(SavedMapError) { try begun.load(keptMap) } catch { throw .mapOfNoUse(error) }
    }
    segment = begun
    nextKeeping = nil
    lastState = nil
    metrics.recordSegment()
    logger.info(
      "slam begins", metadata: [.resolution: "\(resolution)", .stream: "\(options.stream)"])
  }

  private mutating func endSegment() {
    guard var ended = segment else { return }
    segment = nil
    nextMap = ended.lastMap + 1
    let start = clocks.host()
    ended.finishDepth()
    output.publishDepth(in: &ended)
    ended.backend.finish()
    metrics.record(.mapping, took: clocks.host().since(start))
    let aligned = clocks.host()
    let placement = ended.alignment.final(ended.poses(ofMap: ended.presentMap), ofMap: ended.presentMap)
    metrics.record(.alignment, took: clocks.host().since(aligned))
    if options.mapFile != nil {
      let map = ended.savedMap { map in
        map == ended.presentMap ? placement : ended.alignment.final(ended.poses(ofMap: map), ofMap: map)
      }
      if let map { keep(map) }
    }
    let snapshot = ended.snapshot(placement)
    output.endSegment(snapshot, ended.backend.memory)
    guard options.keepsResults else { return }
    var result = ended.result(snapshot, placement)
    result.denseCloud = ended.density.flatMap { density in
      density.map.fusion(snapshot, scale: placement.metricFromWorld.scale, limit: options.densePoints)?.result().cloud
    }
    results.append(result)
  }

  /// Whether the map that is kept has grown in this run.
  package var hasMapGrown: Bool { keptMap.map { $0.runs > options.earlierMap?.runs ?? 0 } ?? false }

  private mutating func keep(_ map: SavedMap) {
    // What a segment did not add to stays as it was.
    if map.runs > keptMap?.runs ?? 0 { keptMap = map }
  }

  /// The map of live video as it is now, when it is time to keep it.
  /// - Parameter nanos: capture time; `nil`: it is time in any case.
  package mutating func mapToKeep(at nanos: Int64?) -> SavedMap? {
    guard isLive, options.mapFile != nil, let segment else { return nil }
    if let nanos {
      let interval = Int64(options.mapInterval * 1e9)
      guard let due = nextKeeping else {
        nextKeeping = nanos + interval
        return nil
      }
      guard nanos >= due else { return nil }
      nextKeeping = nanos + interval
    }
    let alignment = segment.alignment
    guard let map = segment.savedMap({ alignment.placement(ofMap: $0) }), map.runs > keptMap?.runs ?? 0,
      map.keyFrameCount != keptCount
    else { return nil }
    keptCount = map.keyFrameCount
    return map
  }

  /// Says when the state changes.
  private mutating func note(_ update: SLAMUpdate) {
    defer { lastState = update.state }
    guard update.state != lastState, lastState != nil || update.state != .initialising else { return }
    logger.info(
      "slam state", metadata: [.state: "\(update.state.rawValue)", .frame: "\(update.frameNumber)"])
  }
}
