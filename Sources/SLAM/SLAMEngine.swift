public import Geometry
import MultiView
import Vision

/// Monocular SLAM on a CPU: patches that are followed, key frames, and a map that is adjusted as it grows.
///
/// Tracking is a pose for each frame from the points it shows. Every so often a frame becomes a key frame: new points
/// are triangulated, and the newest key frames are adjusted together with what they see.
public struct SLAMEngine: SLAMBackend {
  /// The camera as it is known now.
  public internal(set) var camera: CameraModel
  /// The camera as it was given.
  let assumedCamera: CameraModel
  let options: SLAMOptions
  var tracks = FeatureTracks()
  var map = SLAMMap()
  var mapNumber = 0
  /// Runs that have added to the map that was loaded: number of this one in its key frames.
  var run = 0
  var state = SLAMState.initialising
  /// Camera from world of the last frame with a pose.
  var lastPose: SE3?
  var lastPoseNanos: Int64 = 0
  /// The last camera from the one before: what constant velocity predicts for the next.
  var velocity = SE3.identity
  /// Where tracks were in the picture that initialisation started from.
  var reference: [Int: SIMD2<Double>] = [:]
  var referenceNumber = 0
  var referenceNanos: Int64 = 0
  /// Median motion since then at the last attempt to make a map, pixels.
  var attemptedMotion = 0.0
  var framesWithoutPose = 0
  /// Frames since earlier maps were last looked at, before there is a map. The first frame looks at once.
  var framesSinceSearch = 1_000
  /// Whether a key frame was added that is not adjusted yet.
  var isAdjustmentDue = false
  /// The search for loops that is under way.
  var search: LoopSearch?
  /// Key frames that a loop has moved and that are to be adjusted, the next range last.
  var movedRanges: [Range<Int>] = []
  /// Poses of frames, relative to a key frame of their map.
  var records: [FrameRecord] = []
  /// Maps that were given up.
  var atlas: MapAtlas
  var mapCount = 1
  /// Loops within the present map, and from it to those of the atlas.
  var loopCloser: LoopCloser
  var mapLinker: LoopCloser
  /// Key frames of the present map at the last calibration; the next is at half as many again.
  var calibratedCount = 0
  static let firstCalibration = 4
  static let calibrationWindow = 50
  /// Steps of a calibration at most, and how many of them fit into a frame.
  static let calibrationSteps = 20
  static let calibrationPiece = 3
  /// The calibration that is under way, and its steps that are left.
  var calibration: SLAMMap.Adjustment?
  var calibrationStepsLeft = 0
  /// By how much a guess of the focal length may be wrong, as a share of it.
  static let maximalFocalError = 0.3
  /// Frames that wait for a map, with where tracks were in them; the oldest go first.
  var waiting: [WaitingFrame] = []
  static let maximalWaiting = 300

  /// A frame before initialisation.
  struct WaitingFrame {
    var number: Int
    var nanos: Int64
    var pixels: [(identifier: Int, pixel: SIMD2<Double>)]
  }

  /// A frame's pose, hung on a key frame, so that it moves with it.
  struct FrameRecord {
    var number: Int
    var nanos: Int64
    var map: Int
    var keyFrame: Int
    var cameraFromKeyFrame: SE3
  }

  /// Pixels.
  var keyFrameMotion: Double { options.keyFrameMotion * Double(max(camera.width, camera.height)) }

  public init(camera: CameraModel, options: SLAMOptions = SLAMOptions()) {
    self.camera = camera
    assumedCamera = camera
    self.options = options
    atlas = MapAtlas(options)
    loopCloser = LoopCloser(camera: camera)
    mapLinker = loopCloser
  }

  public mutating func add(_ frame: SLAMFrame) -> SLAMUpdate {
    precondition(
      frame.image.width == camera.width && frame.image.height == camera.height,
      "frame \(frame.number) is \(frame.image.width)×\(frame.image.height), the camera \(camera.width)×\(camera.height)"
    )
    let predicted = lastPose.map { velocity * $0 }
    tracks.follow(into: FramePicture(frame.image), expecting: expectations(predicted))
    var update = SLAMUpdate(
      frameNumber: frame.number, nanos: frame.nanos, state: state, map: mapNumber, worldFromCamera: nil,
      isKeyFrame: false, trackedPoints: 0, reprojectionError: 0)
    if state == .initialising, let place = earlierPlace() {
      resume(place, frame, &update)
    } else if state == .initialising {
      initialise(frame, &update)
    } else {
      locate(frame, predicted: predicted, &update)
    }
    if !update.isKeyFrame, keepUp(), update.worldFromCamera != nil { update.worldFromCamera = lastPose?.inverse }
    if update.isKeyFrame || 3 * tracks.tracks.count < 2 * options.featureCount {
      tracks.replenish(count: options.featureCount)
      if update.isKeyFrame, options.readoutSeconds == 0 { tracks.markFirstSightings(keyFrame: map.keyFrames.count - 1) }
    }
    if state != .initialising, let lastPose, let last = map.keyFrames.last, update.worldFromCamera != nil {
      tracks.anchor(
        camera, keyFrame: map.keyFrames.count - 1, cameraFromKeyFrame: lastPose * last.cameraFromWorld.inverse)
    }
    limitMemory(isKeyFrame: update.isKeyFrame)
    update.state = state
    update.map = mapNumber
    return update
  }

  /// Poses of frames that were dropped, since there were more than ``SLAMOptions/maximalPoses``.
  public internal(set) var droppedPoses = 0

  mutating func limitMemory(isKeyFrame: Bool) {
    // A tenth at once, so that the rest is seldom moved.
    if records.count > options.maximalPoses {
      let surplus = max(records.count / 10, 1)
      records.removeFirst(surplus)
      droppedPoses += surplus
      atlas.forget(except: Set(records.map(\.map)))
    }
    guard isKeyFrame else { return }
    let leaving = map.keyFrames.count - options.window - 1
    if leaving >= 0 {
      map.thin(keyFrame: leaving)
      map.makeRoom(around: leaving, comfortable: options.maximalKeyFrames / 4)
    }
    map.limitKeyFrames(to: options.maximalKeyFrames - atlas.keyFrameCount, keeping: 2 * options.window)
    guard map.points.count > options.maximalPoints else { return }
    let followed = Set(tracks.tracks.map(\.identifier))
    map.limitPoints(to: options.maximalPoints) { followed.contains($0) }
  }

  public mutating func finish() {
    guard map.keyFrames.count > 2 else { return }
    guard map.heldKeyFrames.count <= Self.finishedWhole else {
      finishInParts()
      return
    }
    if options.calibration != .known { for _ in 0..<2 { calibrate(range: 0..<map.keyFrames.count) } }
    adjustAll()
    let tracked = map
    // Wide at first, since drift separates what is one, then as near as features are found again.
    for radius in [12.0, 6, 4] {
      map.linkEverywhere(PointLinker(camera: camera, radius: radius))
      map.adjust(free: 0..<map.keyFrames.count, camera: camera, iterations: 8)
    }
    adjustAll()
    // Where things moved, or resemble each other, links bend a map that was right: what was tracked says so.
    if map.misfit(of: tracked, camera) > Self.maximalBending * tracked.misfit(of: tracked, camera) { map = tracked }
    if options.calibration != .known {
      calibrate(range: 0..<map.keyFrames.count)
      adjustAll()
    }
  }

  /// Key frames that points hold, up to which they are adjusted all at once at the end: the time for that grows with
  /// the third power of their number, and 150 take some five seconds.
  static let finishedWhole = 150
  /// The same for linking them three times.
  static let linkedThrice = 400

  /// Links and adjusts a large map part after part, which takes time in proportion to its size.
  private mutating func finishInParts() {
    map.adjustInParts(camera: camera)
    let tracked = map
    for radius in map.heldKeyFrames.count <= Self.linkedThrice ? [12.0, 6, 4] : [6] {
      map.linkEverywhere(PointLinker(camera: camera, radius: radius))
      map.adjustInParts(camera: camera)
    }
    if map.misfit(of: tracked, camera) > Self.maximalBending * tracked.misfit(of: tracked, camera) { map = tracked }
  }

  /// Twice: the first removes what does not fit, the second goes on without it.
  mutating func adjustAll() {
    for _ in 0..<2 { map.adjust(free: 0..<map.keyFrames.count, camera: camera, iterations: 15) }
  }

  /// How much worse links may make observations fit that were there before.
  static let maximalBending = 1.5

  /// Points of the present map, world coordinates, in the order in which they were first seen.
  public var mapPoints: [SIMD3<Double>] { map.points.identifiers.compactMap { map.points[$0]?.position } }

  public var memory: SLAMMemory {
    var memory = SLAMMemory(keyFrames: map.keyFrames.count, poses: records.count, droppedPoses: droppedPoses)
    memory.add(map)
    for map in atlas.all { memory.add(map) }
    return memory
  }

  public var snapshot: SLAMSnapshot { map.snapshot(map: mapNumber, camera: camera, run: run) }

  public var referenceFrame: Int? { state == .initialising && !reference.isEmpty ? referenceNumber : nil }

  public func points(seenByKeyFrame frameNumber: Int) -> [SLAMSnapshot.Sighting] {
    guard let index = map.keyFrames.lastIndex(where: { $0.number == frameNumber && $0.run == run }) else { return [] }
    // The frame that initialisation began from has no features.
    guard map.keyFrames[index].features.count > 0 else {
      return map.points.keys.sorted().compactMap { identifier in
        guard let point = map.points[identifier] else { return nil }
        return point.observations.first { $0.keyFrame == index }.map {
          SLAMSnapshot.Sighting(landmark: .init(identifier: identifier, position: point.position), pixel: $0.pixel)
        }
      }
    }
    return map.keyFrames[index].features.owners.compactMap { owner in
      guard let point = map.points[owner], let seen = point.observations.first(where: { $0.keyFrame == index }) else {
        return nil
      }
      return SLAMSnapshot.Sighting(
        landmark: .init(identifier: owner, position: point.position), pixel: seen.pixel)
    }
  }
}
