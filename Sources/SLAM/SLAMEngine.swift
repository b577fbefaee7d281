public import Geometry
import MultiView
import Vision

/// Monocular SLAM on a CPU: patches that are followed, key frames, and a map that is adjusted as it grows.
///
/// Tracking is a pose for each frame from the points it shows. Every so often a frame becomes a key frame: new points
/// are triangulated, and the newest key frames are adjusted together with what they see.
public struct SLAMEngine: SLAMBackend {
  /// The camera as it is known now.
  public private(set) var camera: CameraModel
  /// The camera as it was given.
  private let assumedCamera: CameraModel
  private let options: SLAMOptions
  private var tracks = FeatureTracks()
  private var map = SLAMMap()
  private var mapNumber = 0
  private var state = SLAMState.initialising
  /// Camera from world of the last frame with a pose.
  private var lastPose: SE3?
  private var lastPoseNanos: Int64 = 0
  /// The last camera from the one before: what constant velocity predicts for the next.
  private var velocity = SE3.identity
  /// Where tracks were in the picture that initialisation started from.
  private var reference: [Int: SIMD2<Double>] = [:]
  private var referenceNumber = 0
  private var referenceNanos: Int64 = 0
  /// Median motion since then at the last attempt to make a map, pixels.
  private var attemptedMotion = 0.0
  private var framesWithoutPose = 0
  /// Whether a key frame was added that is not adjusted yet.
  private var isAdjustmentDue = false
  /// Poses of frames, relative to a key frame of their map.
  private var records: [FrameRecord] = []
  /// Maps that were given up.
  private var atlas = MapAtlas()
  private var mapCount = 1
  /// Loops within the present map, and from it to those of the atlas.
  private var loopCloser: LoopCloser
  private var mapLinker: LoopCloser
  /// Key frames of the present map at the last calibration; the next is at half as many again.
  private var calibratedCount = 0
  private static let firstCalibration = 4
  private static let calibrationWindow = 50
  /// By how much a guess of the focal length may be wrong, as a share of it.
  private static let maximalFocalError = 0.3
  /// Frames that wait for a map, with where tracks were in them; the oldest go first.
  private var waiting: [WaitingFrame] = []
  private static let maximalWaiting = 300

  /// A frame before initialisation.
  private struct WaitingFrame {
    var number: Int
    var nanos: Int64
    var pixels: [(identifier: Int, pixel: SIMD2<Double>)]
  }

  /// A frame's pose, hung on a key frame, so that it moves with it.
  private struct FrameRecord {
    var number: Int
    var nanos: Int64
    var map: Int
    var keyFrame: Int
    var cameraFromKeyFrame: SE3
  }

  /// Pixels.
  private var keyFrameMotion: Double { options.keyFrameMotion * Double(max(camera.width, camera.height)) }

  public init(camera: CameraModel, options: SLAMOptions = SLAMOptions()) {
    self.camera = camera
    assumedCamera = camera
    self.options = options
    loopCloser = LoopCloser(camera: camera)
    mapLinker = loopCloser
  }

  public mutating func add(_ frame: SLAMFrame) -> SLAMUpdate {
    precondition(
      frame.image.width == camera.width && frame.image.height == camera.height,
      "frame \(frame.number) is \(frame.image.width)×\(frame.image.height), the camera \(camera.width)×\(camera.height)"
    )
    let pyramid = ImagePyramid(frame.image, levelCount: 4)
    let predicted = lastPose.map { velocity * $0 }
    tracks.follow(into: pyramid, expecting: expectations(predicted))
    var update = SLAMUpdate(
      frameNumber: frame.number, nanos: frame.nanos, state: state, map: mapNumber, worldFromCamera: nil,
      isKeyFrame: false, trackedPoints: 0, reprojectionError: 0)
    if state == .initialising, !atlas.isEmpty, frame.number % 4 == 0,
      let place = Relocaliser(camera: camera).place(of: frame.image, in: map, &atlas, lastPose: nil)
    {
      resume(place, frame, &update)
    } else if state == .initialising {
      initialise(frame, &update)
    } else {
      locate(frame, predicted: predicted, &update)
    }
    if isAdjustmentDue && !update.isKeyFrame {
      adjustNewest()
      if update.worldFromCamera != nil { update.worldFromCamera = lastPose?.inverse }
    }
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
  public private(set) var droppedPoses = 0

  private mutating func limitMemory(isKeyFrame: Bool) {
    // A tenth at once, so that the rest is seldom moved.
    if records.count > options.maximalPoses {
      let surplus = max(records.count / 10, 1)
      records.removeFirst(surplus)
      droppedPoses += surplus
    }
    guard isKeyFrame else { return }
    let leaving = map.keyFrames.count - options.window - 1
    if leaving >= 0 { map.thin(keyFrame: leaving) }
    guard map.points.count > options.maximalPoints else { return }
    let followed = Set(tracks.tracks.map(\.identifier))
    map.limitPoints(to: options.maximalPoints) { followed.contains($0) }
  }

  public mutating func finish() {
    guard map.keyFrames.count > 2 else { return }
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

  /// Twice: the first removes what does not fit, the second goes on without it.
  private mutating func adjustAll() {
    for _ in 0..<2 { map.adjust(free: 0..<map.keyFrames.count, camera: camera, iterations: 15) }
  }

  /// How much worse links may make observations fit that were there before.
  private static let maximalBending = 1.5

  public var trajectory: [SLAMPose] {
    records.compactMap { record in
      let keyFrames = record.map == mapNumber ? map.keyFrames : atlas.keyFrames(of: record.map)
      guard keyFrames.indices.contains(record.keyFrame) else { return nil }
      let cameraFromWorld = record.cameraFromKeyFrame * keyFrames[record.keyFrame].cameraFromWorld
      return SLAMPose(
        frameNumber: record.number, nanos: record.nanos, map: record.map, worldFromCamera: cameraFromWorld.inverse)
    }
  }

  /// Points of the present map, world coordinates, in the order in which they were first seen.
  public var mapPoints: [SIMD3<Double>] { map.points.keys.sorted().compactMap { map.points[$0]?.position } }

  public var snapshot: SLAMSnapshot { map.snapshot(map: mapNumber, camera: camera) }

  public func points(seenByKeyFrame frameNumber: Int) -> [SLAMSnapshot.Landmark] {
    guard let index = map.keyFrames.lastIndex(where: { $0.number == frameNumber }) else { return [] }
    return map.points.keys.sorted().compactMap { identifier in
      guard let point = map.points[identifier], point.observations.contains(where: { $0.keyFrame == index }) else {
        return nil
      }
      return SLAMSnapshot.Landmark(identifier: identifier, position: point.position)
    }
  }

  // MARK: Initialisation

  private mutating func initialise(_ frame: SLAMFrame, _ update: inout SLAMUpdate) {
    waiting.append(
      WaitingFrame(
        number: frame.number, nanos: frame.nanos, pixels: tracks.tracks.map { ($0.identifier, $0.position) }))
    if waiting.count > Self.maximalWaiting { waiting.removeFirst() }
    let motions = tracks.tracks.compactMap { track -> Double? in
      guard let before = reference[track.identifier] else { return nil }
      let motion = track.position - before
      return (motion * motion).sum().squareRoot()
    }.sorted()
    guard motions.count >= max(40, reference.count / 3) else {
      beginInitialisation(at: frame)
      return
    }
    let motion = motions[motions.count / 2]
    // The next attempt needs more to see than the last.
    guard motion > max(keyFrameMotion / 2, 1.15 * attemptedMotion) else { return }
    attemptedMotion = motion
    let initialiser = MapInitialiser(camera: camera, tolerance: options.calibration == .assumed ? 3 : 1.5)
    guard var first = initialiser.map(of: initialViews) else { return }
    if options.readoutSeconds != 0 {
      // Now that the motion is known it is taken off the pixels, which changes the map a little.
      correctWaitingReadout(first)
      guard let corrected = initialiser.map(of: initialViews) else { return }
      first = corrected
    }
    map = first
    (map.keyFrames[0].number, map.keyFrames[0].nanos) = (referenceNumber, referenceNanos)
    (map.keyFrames[1].number, map.keyFrames[1].nanos) = (frame.number, frame.nanos)
    tracks.forgetSightings()
    tracks.renewTemplates()
    tracks.markSightings(keyFrame: 1)
    state = .tracking
    framesWithoutPose = 0
    let pose = map.keyFrames[1].cameraFromWorld
    (lastPose, lastPoseNanos, velocity) = (pose, frame.nanos, .identity)
    map.keyFrames[1].features = features(of: frame.image)
    map.indexPlaces()
    locateWaiting()
    update.worldFromCamera = pose.inverse
    update.isKeyFrame = true
    update.trackedPoints = map.points.count
  }

  /// Gives the frames before initialisation their poses, from the newest, whose pose is known, back in time.
  private mutating func locateWaiting() {
    let located = waitingPoses(map)
    for (frame, pose) in zip(waiting.suffix(located.count), located) {
      let keyFrame = frame.number > referenceNumber ? 1 : 0
      records.append(
        FrameRecord(
          number: frame.number, nanos: frame.nanos, map: mapNumber, keyFrame: keyFrame,
          cameraFromKeyFrame: pose * map.keyFrames[keyFrame].cameraFromWorld.inverse))
    }
    waiting = []
  }

  /// The poses of the last of the waiting frames, as far back as they are known, in the order of the frames.
  private func waitingPoses(_ map: SLAMMap) -> [SE3] {
    var pose = map.keyFrames[1].cameraFromWorld
    var poses: [SE3] = []
    for frame in waiting.reversed() {
      let observations = frame.pixels.compactMap { seen in
        map.points[seen.identifier].map { PointObservation(pointInWorld: $0.position, pixel: seen.pixel) }
      }
      guard let refined = PoseRefiner().refine(observations, camera: camera, start: pose),
        refined.inlierCount >= options.minimalPoints, 2 * refined.inlierCount >= observations.count
      else { break }
      pose = refined.cameraFromWorld
      poses.append(pose)
    }
    return poses.reversed()
  }

  /// Takes the motion during readout off the pixels of the waiting frames and of the tracks.
  private mutating func correctWaitingReadout(_ map: SLAMMap) {
    let poses = waitingPoses(map)
    let start = waiting.count - poses.count
    let shutter = RollingShutter(camera: camera, readoutSeconds: options.readoutSeconds)
    for (index, pose) in poses.enumerated() where poses.count > 1 {
      let (from, to) = (max(index - 1, 0), min(index + 1, poses.count - 1))
      let nanos = waiting[start + to].nanos - waiting[start + from].nanos
      let motion = (poses[to] * poses[from].inverse).log
      let rate = nanos > 0 ? 1e9 / Double(nanos) : 0
      let twist = SE3.Twist(linear: motion.linear * rate, angular: motion.angular * rate)
      for seen in waiting[start + index].pixels.indices {
        let (identifier, pixel) = waiting[start + index].pixels[seen]
        guard let point = map.points[identifier] else { continue }
        let depth = (pose * point.position).z
        waiting[start + index].pixels[seen].pixel += shutter.correction(pixel, depth: depth, twist: twist)
      }
    }
    let corrected = Dictionary(
      (waiting.last?.pixels ?? []).map { ($0.identifier, $0.pixel) }, uniquingKeysWith: { first, _ in first })
    tracks.correct { track in
      corrected[track.identifier].map { $0 - SIMD2(Double(track.pixel.x), Double(track.pixel.y)) } ?? .zero
    }
  }

  /// What a key frame shows, of the tracks that are followed and besides.
  private func features(of image: GreyImage) -> KeyFrameFeatures {
    KeyFrameFeatures(
      of: image, tracks: tracks.tracks.map { ($0.identifier, $0.pixel) }, extractor: DescriptorExtractor())
  }

  /// The reference, the present picture, and some between them.
  private var initialViews: [MapInitialiser.View] {
    let since = waiting.filter { $0.number >= referenceNumber }
    let count = min(8, since.count)
    return (0..<count).map { since[$0 * (since.count - 1) / max(count - 1, 1)].pixels }
  }

  private mutating func beginInitialisation(at frame: SLAMFrame) {
    tracks.replenish(count: options.featureCount)
    waiting[waiting.count - 1].pixels = tracks.tracks.map { ($0.identifier, $0.position) }
    reference = Dictionary(uniqueKeysWithValues: tracks.tracks.map { ($0.identifier, $0.position) })
    (referenceNumber, referenceNanos) = (frame.number, frame.nanos)
    attemptedMotion = 0
  }

  // MARK: Tracking

  /// Where the tracks should be in the next picture, and what they should look like there.
  private func expectations(_ predicted: SE3?) -> [FeatureTracks.Expectation] {
    guard let predicted, let lastPose else { return tracks.tracks.map { .init(pixel: $0.pixel) } }
    let depths = tracks.tracks.compactMap { track in
      map.points[track.identifier].map { (lastPose * $0.position).z }
    }.sorted()
    guard !depths.isEmpty else { return tracks.tracks.map { .init(pixel: $0.pixel) } }
    let usualDepth = depths[depths.count / 2]
    return tracks.tracks.map { track in
      let point = map.points[track.identifier]?.position
      guard let anchor = track.anchor else {
        guard let point, let pixel = camera.project(predicted * point) else { return .init(pixel: track.pixel) }
        let raw = pixel - track.readoutCorrection
        return .init(pixel: SIMD2(Float(raw.x), Float(raw.y)), isSure: true)
      }
      let anchorFromWorld = anchor.cameraFromKeyFrame * map.keyFrames[anchor.keyFrame].cameraFromWorld
      let worldFromAnchor = anchorFromWorld.inverse
      let depth = point.map { (anchorFromWorld * $0).z } ?? usualDepth
      guard depth > 0,
        let next = anchor.appearance(depth: depth, cameraFromAnchor: predicted * worldFromAnchor, camera: camera)
      else { return .init(pixel: track.pixel) }
      if let point {
        let pixel = (camera.project(predicted * point) ?? next.pixel) - track.readoutCorrection
        return .init(pixel: SIMD2(Float(pixel.x), Float(pixel.y)), warp: next.warp, isSure: true)
      }
      // The depth is a guess: only what changes since the last picture counts.
      guard let last = camera.project(lastPose * (worldFromAnchor * (anchor.bearing * depth))) else {
        return .init(pixel: track.pixel, warp: next.warp)
      }
      let motion = next.pixel - last
      return .init(
        pixel: track.pixel + SIMD2(Float(motion.x), Float(motion.y)), warp: next.warp, isSure: true)
    }
  }

  /// Takes the motion during readout off the tracks, for a camera that goes on from the last pose to `pose`.
  private mutating func correctReadout(_ pose: SE3, _ nanos: Int64) {
    guard options.readoutSeconds != 0, let lastPose, nanos > lastPoseNanos else { return }
    let motion = (pose * lastPose.inverse).log
    let rate = 1e9 / Double(nanos - lastPoseNanos)
    let twist = SE3.Twist(linear: motion.linear * rate, angular: motion.angular * rate)
    let shutter = RollingShutter(camera: camera, readoutSeconds: options.readoutSeconds)
    let points = map.points
    let depths = tracks.tracks.compactMap { track in points[track.identifier].map { (pose * $0.position).z } }.sorted()
    let usual = depths.isEmpty ? 0 : depths[depths.count / 2]
    tracks.correct { track in
      let depth = points[track.identifier].map { (pose * $0.position).z } ?? usual
      return shutter.correction(SIMD2(Double(track.pixel.x), Double(track.pixel.y)), depth: depth, twist: twist)
    }
  }

  private mutating func locate(_ frame: SLAMFrame, predicted: SE3?, _ update: inout SLAMUpdate) {
    if let predicted { correctReadout(predicted, frame.nanos) }
    guard let pose = refinedPose(predicted) else {
      searchMap(frame, &update)
      return
    }
    // The motion is known better now.
    correctReadout(pose, frame.nanos)
    locate(frame, pose: options.readoutSeconds == 0 ? pose : refinedPose(pose) ?? pose, &update)
  }

  /// The pose from which the points are seen where their tracks are.
  private func refinedPose(_ predicted: SE3?) -> SE3? {
    guard let start = lastPose else { return nil }
    let observations = tracks.tracks.compactMap { track in
      map.points[track.identifier].map { PointObservation(pointInWorld: $0.position, pixel: track.position) }
    }
    let refined =
      PoseRefiner().refine(observations, camera: camera, start: predicted ?? start)
      ?? PoseRefiner().refine(observations, camera: camera, start: start)
    return refined?.cameraFromWorld
  }

  /// Goes on from a pose, if enough points agree with it.
  private mutating func locate(_ frame: SLAMFrame, pose: SE3, _ update: inout SLAMUpdate) {
    let start = lastPose ?? pose
    let seen = tracks.tracks.filter { map.points[$0.identifier] != nil }
    let observations = seen.compactMap { track in
      map.points[track.identifier].map { PointObservation(pointInWorld: $0.position, pixel: track.position) }
    }
    var (inliers, squares): (Set<Int>, Double) = ([], 0)
    for (track, observation) in zip(seen, observations) {
      guard let pixel = camera.project(pose * observation.pointInWorld) else { continue }
      let residual = pixel - observation.pixel
      let squared = (residual * residual).sum()
      guard squared < 9 else { continue }
      inliers.insert(track.identifier)
      squares += squared
    }
    guard inliers.count >= options.minimalPoints, 2 * inliers.count >= observations.count else {
      searchMap(frame, &update)
      return
    }
    let outliers = Set(seen.map(\.identifier)).subtracting(inliers)
    tracks.remove { outliers.contains($0.identifier) }
    velocity = pose * start.inverse
    (lastPose, lastPoseNanos) = (pose, frame.nanos)
    state = .tracking
    framesWithoutPose = 0
    record(frame, pose)
    update.worldFromCamera = pose.inverse
    update.trackedPoints = inliers.count
    update.reprojectionError = (squares / Double(inliers.count)).squareRoot()
    if needsKeyFrame(inlierCount: inliers.count) {
      addKeyFrame(frame, pose)
      update.isKeyFrame = true
      update.worldFromCamera = lastPose?.inverse
    }
  }

  /// Looks for the picture anywhere in the map.
  private mutating func searchMap(_ frame: SLAMFrame, _ update: inout SLAMUpdate) {
    state = .lost
    let guess = lastPose.map { velocity * $0 }
    velocity = .identity
    guard
      let place = Relocaliser(camera: camera).place(of: frame.image, in: map, &atlas, lastPose: guess)
    else {
      lose(frame)
      return
    }
    resume(place, frame, &update)
  }

  /// Goes on from a place that was recognised.
  private mutating func resume(_ place: Relocaliser.Place, _ frame: SLAMFrame, _ update: inout SLAMUpdate) {
    if let number = place.map, let earlier = atlas.take(number) {
      atlas.store(map, number: mapNumber)
      (map, mapNumber) = (earlier, number)
      tracks.beginAnew()
    }
    tracks.resume(place.found)
    (lastPose, lastPoseNanos, velocity) = (place.cameraFromWorld, frame.nanos, .identity)
    (state, framesWithoutPose, waiting) = (.relocalised, 0, [])
    record(frame, place.cameraFromWorld, keyFrame: place.keyFrame)
    update.worldFromCamera = place.cameraFromWorld.inverse
    update.trackedPoints = place.found.count
  }

  private mutating func lose(_ frame: SLAMFrame) {
    framesWithoutPose += 1
    guard framesWithoutPose >= options.patience else { return }
    atlas.store(map, number: mapNumber)
    (mapNumber, mapCount) = (mapCount, mapCount + 1)
    (isAdjustmentDue, calibratedCount) = (false, 0)
    (map, lastPose, state, framesWithoutPose) = (SLAMMap(), nil, .initialising, 0)
    tracks.beginAnew()
    loopCloser = LoopCloser(camera: camera)
    mapLinker = loopCloser
    waiting = [WaitingFrame(number: frame.number, nanos: frame.nanos, pixels: [])]
    beginInitialisation(at: frame)
  }

  private mutating func record(_ frame: SLAMFrame, _ pose: SE3, keyFrame: Int? = nil) {
    let keyFrame = keyFrame ?? map.keyFrames.count - 1
    records.append(
      FrameRecord(
        number: frame.number, nanos: frame.nanos, map: mapNumber, keyFrame: keyFrame,
        cameraFromKeyFrame: pose * map.keyFrames[keyFrame].cameraFromWorld.inverse))
  }

  // MARK: Mapping

  private func needsKeyFrame(inlierCount: Int) -> Bool {
    let last = map.keyFrames.count - 1
    let motions = tracks.tracks.compactMap { track -> Double? in
      guard let sighting = track.sightings.last, sighting.keyFrame == last else { return nil }
      let motion = track.position - sighting.pixel
      return (motion * motion).sum().squareRoot()
    }.sorted()
    guard !motions.isEmpty else { return true }
    let motion = motions[motions.count / 2]
    // With few points left new ones are urgent, yet without parallax there are none to be had.
    let isUrgent = inlierCount < options.featureCount / 4 || motions.count < options.featureCount / 3
    return motion > (isUrgent ? keyFrameMotion / 3 : keyFrameMotion)
  }

  /// Adjusts the newest key frames. In the frame after a key frame, which has enough to do.
  private mutating func adjustNewest() {
    isAdjustmentDue = false
    closeLoop()
    mergeMaps()
    let count = map.keyFrames.count
    if options.calibration != .known, count >= Self.firstCalibration, 2 * count >= 3 * calibratedCount {
      calibrate(range: max(count - Self.calibrationWindow, 0)..<count)
      calibratedCount = count
      tracks.renewTemplates()
    } else {
      map.adjust(window: options.window, camera: camera, iterations: 4)
    }
    // The present frame moves with the key frame that it hangs on.
    guard let record = records.last, record.map == mapNumber else { return }
    lastPose = record.cameraFromKeyFrame * map.keyFrames[record.keyFrame].cameraFromWorld
  }

  /// Finds out focal length and k1 from a range of key frames.
  private mutating func calibrate(range: Range<Int>) {
    guard let deviation = options.calibration.deviation else { return }
    let intrinsics = Intrinsics(
      assumed: assumedCamera, focalDeviation: deviation.x, distortionDeviation: deviation.y)
    var calibrated = map
    let found = calibrated.adjust(free: range, camera: camera, intrinsics: intrinsics, iterations: 20)
    // Over flat ground nothing holds the focal length, and it runs away.
    guard abs(intrinsics.error(found).x) < min(Self.maximalFocalError, 3 * deviation.x) else { return }
    (map, camera) = (calibrated, found)
    (loopCloser, mapLinker) = (LoopCloser(camera: found), LoopCloser(camera: found))
  }

  private mutating func addKeyFrame(_ frame: SLAMFrame, _ pose: SE3) {
    if isAdjustmentDue { adjustNewest() }
    let pose = lastPose ?? pose
    let index = map.keyFrames.count
    map.keyFrames.append(
      KeyFrame(
        cameraFromWorld: pose, number: frame.number, nanos: frame.nanos, features: features(of: frame.image)))
    tracks.markSightings(keyFrame: index)
    var misfits: Set<Int> = []
    for track in tracks.tracks {
      if map.points[track.identifier] != nil {
        map.points[track.identifier]?.observations.append((index, track.position))
      } else {
        switch triangulated(track) {
        case .point(let point): map.points[track.identifier] = point
        case .contradiction: misfits.insert(track.identifier)
        case .unclear: break
        }
      }
    }
    tracks.remove { misfits.contains($0.identifier) }
    let links = PointLinker(camera: camera).link(
      map.unseenPoints(by: index, limit: 5_000), into: index, of: &map)
    tracks.rename(links.renamed)
    map.indexPlaces()
    isAdjustmentDue = true
    records[records.count - 1].keyFrame = index
    records[records.count - 1].cameraFromKeyFrame = .identity
  }

  /// Takes out the drift that shows when the camera is back where it was.
  private mutating func closeLoop() {
    guard let loop = loopCloser.loop(in: map) else { return }
    let closed = loopCloser.close(loop, in: &map)
    tracks.rename(closed.renamed)
    for index in records.indices where records[index].map == mapNumber {
      records[index].cameraFromKeyFrame.translation *= closed.growth[records[index].keyFrame]
    }
    velocity = .identity
    tracks.renewTemplates()
    adjustWhole()
  }

  /// Makes the present map part of an earlier one that it shows again.
  private mutating func mergeMaps() {
    guard let (number, loop) = atlas.nextLoop(from: map, &mapLinker), var merged = atlas.take(number) else { return }
    let offset = merged.keyFrames.count
    tracks.rename(merged.merge(map, loop, camera: camera))
    tracks.shiftSightings(by: offset)
    for index in records.indices where records[index].map == mapNumber {
      records[index].map = number
      records[index].keyFrame += offset
      records[index].cameraFromKeyFrame.translation *= loop.oldFromNew.scale
    }
    (map, mapNumber, state, velocity) = (merged, number, .relocalised, .identity)
    tracks.renewTemplates()
    adjustWhole()
  }

  /// Adjusts the whole map after a correction, where that takes less than about a second.
  private mutating func adjustWhole() {
    guard map.keyFrames.count <= Self.adjustedWhole else { return }
    map.adjust(free: 0..<map.keyFrames.count, camera: camera, iterations: 5)
  }

  private static let adjustedWhole = 120

  /// What the sightings of a track say about where it is.
  private enum Triangulated {
    case point(MapPoint)
    /// The rays are too close to each other.
    case unclear
    /// The rays do not meet: not a point, or one that moves.
    case contradiction
  }

  /// The point of a track, once its rays cross at more than a degree and it projects where it was seen.
  private func triangulated(_ track: FeatureTrack) -> Triangulated {
    guard track.sightings.count >= 2 else { return .unclear }
    let worldFromCameras = track.sightings.map { map.keyFrames[$0.keyFrame].cameraFromWorld.inverse }
    let rays = zip(track.sightings, worldFromCameras).compactMap { sighting, worldFromCamera in
      camera.unproject(sighting.pixel).map { Triangulation.Ray(worldFromCamera: worldFromCamera, bearing: $0) }
    }
    guard let position = Triangulation.nearestPoint(to: rays),
      Triangulation.parallax(of: position, from: worldFromCameras.map(\.translation)) > 0.02
    else { return .unclear }
    let fits = zip(track.sightings, worldFromCameras).allSatisfy { sighting, worldFromCamera in
      guard let pixel = camera.project(worldFromCamera.inverse * position) else { return false }
      let residual = pixel - sighting.pixel
      return (residual * residual).sum() < 6
    }
    return fits ? .point(MapPoint(position: position, observations: track.sightings)) : .contradiction
  }
}
