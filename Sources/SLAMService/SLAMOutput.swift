internal import BusMessages
internal import DepthMaps
internal import Geometry
import InertialAlignment
import JPEG
internal import Logging
import MapFormats
internal import MediaModel
internal import MessageBus
import NIOCore
import Observability
import PosixFiles
internal import SLAM

/// What leaves SLAM while it runs: messages, key frames on disk and in shared memory. A failure of one is logged once
/// and does not stop the others.
struct SLAMOutput {
  private let options: SLAMServiceOptions
  private let bus: any MessageBus
  private let metrics: SLAMMetrics
  private var shared: SharedKeyFrames?
  private var folder: KeyFrameFolder?
  /// When the next cloud may be published, capture time.
  private var nextCloud: Int64 = .min
  /// Poses of the segment that were dropped, as far as that was counted.
  private var droppedPoses = 0
  /// The frame that becomes the first key frame of the next map, if one is made.
  private var reference: (number: Int, nanos: Int64, picture: Picture)?
  private let failures: FailureLog

  init(options: SLAMServiceOptions, bus: any MessageBus, metrics: SLAMMetrics, logger: Logger) {
    self.options = options
    self.bus = bus
    self.metrics = metrics
    failures = FailureLog(logger)
    if let place = options.sharedMemory {
      failures.attempt("shared memory") { shared = try SharedKeyFrames(place) }
    }
    if options.sessionFolder != nil {
      failures.attempt("key frame files") { folder = try KeyFrameFolder(quality: options.keyFrameQuality) }
    }
  }

  /// Publishes what became of a frame.
  mutating func publish(_ update: SLAMUpdate, of frame: SLAMPicture, nanos: Int64, in segment: inout SLAMSegment) {
    let headers: [String: BusHeaderValue] = [
      BusHeader.stream: .text(options.stream), BusHeader.capturedAt: .text("\(nanos)"),
      BusHeader.timestampNanos: .text("\(nanos)"),
    ]
    let placement = segment.alignment.placement
    let lens = update.isKeyFrame ? segment.pictureCamera : nil
    publishPose(update, placement, lens, nanos: nanos, headers: headers, trace: frame.trace)
    if update.state != .initialising, let reference {
      self.reference = nil
      let first = segment.backend.trajectory(since: reference.nanos).first { $0.frameNumber == reference.number }
      if update.isKeyFrame, let first {
        write(reference.number, reference.nanos, first.worldFromCamera, reference.picture, placement, &segment)
      }
    }
    if segment.backend.referenceFrame == update.frameNumber {
      reference = (update.frameNumber, nanos, frame.picture)
    }
    guard update.isKeyFrame, let worldFromCamera = update.worldFromCamera else { return }
    write(update.frameNumber, nanos, worldFromCamera, frame.picture, placement, &segment)
    guard nanos >= nextCloud else { return }
    nextCloud = nanos + Int64(options.cloudInterval * 1e9)
    let snapshot = segment.snapshot(placement)
    metrics.record(snapshot)
    record(segment.backend.memory)
    segment.keepColours(of: snapshot)
    segment.density?.keep(snapshot)
    let scale = placement.metricFromWorld.scale
    if var fusion = segment.density?.map.fusion(snapshot, scale: scale, limit: options.cloudPoints) {
      fusion.headers = headers
      segment.density?.ask(for: fusion)
      return
    }
    bus.publish(Self.cloud(snapshot, segment.colours, limit: options.cloudPoints).message(headers: headers))
  }

  /// Writes a key frame to disk and to shared memory.
  private mutating func write(
    _ frameNumber: Int, _ nanos: Int64, _ worldFromCamera: SE3, _ picture: Picture,
    _ placement: MapAlignment.Placement, _ segment: inout SLAMSegment
  ) {
    let pose = placement.placed(worldFromCamera)
    let landmarks = segment.landmarks(ofKeyFrame: frameNumber, in: picture)
    if let session = options.sessionFolder?(), var folder {
      failures.attempt("key frame files") {
        try folder.keep(picture, frameNumber: frameNumber, pose, session: session)
      }
      self.folder = folder
    }
    if let shared, segment.density == nil {
      failures.attempt("shared memory") {
        let removed = try shared.write(
          KeyFrameSegment(
            nanos: UInt64(max(nanos, 0)), worldFromCamera: pose,
            points: landmarks.map { SIMD3<Float>(placement.metricFromWorld * $0.position) },
            colours: landmarks.map(\.colour)))
        metrics.recordSharedKeyFramesRemoved(removed)
      }
    }
  }

  /// Publishes what the depth of key frames has given since the last call.
  mutating func publishDepth(in segment: inout SLAMSegment) {
    guard let found = segment.density?.take() else { return }
    for result in found.clouds { bus.publish(result.cloud.message(headers: result.headers)) }
    guard let shared else { return }
    let placement = segment.alignment.placement
    for depth in found.depths where !depth.cloud.points.isEmpty {
      guard let worldFromCamera = segment.worldFromCamera(frameNumber: depth.frameNumber, nanos: depth.nanos) else {
        continue
      }
      let points = depth.cloud.points(worldFromCamera: worldFromCamera)
      failures.attempt("shared memory") {
        let removed = try shared.write(
          KeyFrameSegment(
            nanos: UInt64(max(depth.nanos, 0)), worldFromCamera: placement.placed(worldFromCamera),
            points: points.map { SIMD3<Float>(placement.metricFromWorld * SIMD3<Double>($0.position)) },
            colours: points.map(\.colour), confidences: points.map(\.confidence)))
        metrics.recordSharedKeyFramesRemoved(removed)
      }
    }
  }

  private func publishPose(
    _ update: SLAMUpdate, _ placement: MapAlignment.Placement, _ lens: CameraModel?, nanos: Int64,
    headers: [String: BusHeaderValue],
    trace: TraceContext?
  ) {
    var pose = CameraPose(
      frameNumber: update.frameNumber, timestamp: Double(nanos) / 1e9,
      pose: update.worldFromCamera.map { placement.placed($0).rowMajorMatrix }, isKeyframe: update.isKeyFrame,
      stream: options.stream)
    pose.state = CameraPose.State(rawValue: update.state.rawValue)
    pose.map = update.map
    pose.scale = CameraPose.ScaleQuality(rawValue: placement.quality.rawValue)
    pose.position = update.worldFromCamera.flatMap { placement.position(of: $0.translation) }.map {
      .init(latitude: $0.latitudeDegrees, longitude: $0.longitudeDegrees, altitude: $0.altitudeMetres)
    }
    if placement.metricFromWorld != .identity { pose.worldFromMap = .init(placement.metricFromWorld) }
    pose.camera = lens.map(CameraPose.Lens.init)
    if update.isKeyFrame { pose.earth = placement.earthBody }
    failures.attempt("pose") {
      var message = try pose.message(headers: headers)
      message.trace = trace
      bus.publish(message)
      guard pose.pose != nil else { return }
      message.topic = .trajectory
      bus.publish(message)
    }
  }

  /// Points with the colours they were seen in; the newest, where there are more than `limit`.
  static func cloud(_ snapshot: SLAMSnapshot, _ colours: [Int: SIMD3<UInt8>], limit: Int) -> PointCloud {
    PointCloud(
      points: snapshot.points.suffix(limit).map { point in
        PointCloud.Point(
          position: SIMD3<Float>(point.landmark.position),
          colour: colours[point.landmark.identifier] ?? SIMD3(repeating: 128))
      })
  }

  private mutating func record(_ memory: SLAMMemory) {
    metrics.record(memory, newlyDropped: memory.droppedPoses - droppedPoses)
    droppedPoses = memory.droppedPoses
  }

  /// The poses of key frames are final now.
  mutating func endSegment(_ snapshot: SLAMSnapshot, _ memory: SLAMMemory) {
    metrics.record(snapshot)
    record(memory)
    droppedPoses = 0
    if let folder {
      failures.attempt("key frame files") {
        let ownFrames = snapshot.keyFrames.filter { $0.earlierRun == nil }
        try folder.correct(ownFrames.map { ($0.frameNumber, $0.worldFromCamera) })
      }
    }
    if let shared { failures.attempt("shared memory") { try shared.clear() } }
    (nextCloud, reference) = (.min, nil)
  }

  /// Gives shared memory back.
  mutating func close() { shared = nil }
}

/// Failures of what is not worth stopping for: the first of each kind is logged.
private final class FailureLog {
  private let logger: Logger
  private var kinds: Set<String> = []

  init(_ logger: Logger) { self.logger = logger }

  func attempt(_ kind: String, _ work: () throws -> Void) {
    do { try work() } catch {
      guard kinds.insert(kind).inserted else { return }
      logger.error("slam cannot write", metadata: [.component: "\(kind)", .reason: "\(error)"])
    }
  }
}
