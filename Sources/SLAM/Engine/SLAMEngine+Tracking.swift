import Geometry
import MultiView
import Vision

// The pose of each frame.
extension SLAMEngine {
  /// Where the tracks should be in the next picture, and what they should look like there.
  func expectations(_ predicted: SE3?) -> [FeatureTracks.Expectation] {
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
  mutating func correctReadout(_ pose: SE3, _ nanos: Int64) {
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

  mutating func locate(_ frame: SLAMFrame, predicted: SE3?, _ update: inout SLAMUpdate) {
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
  func refinedPose(_ predicted: SE3?) -> SE3? {
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
  mutating func locate(_ frame: SLAMFrame, pose: SE3, _ update: inout SLAMUpdate) {
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
  mutating func searchMap(_ frame: SLAMFrame, _ update: inout SLAMUpdate) {
    state = .lost
    let guess = lastPose.map { velocity * $0 }
    velocity = .identity
    guard
      let place = Relocaliser(camera: camera).place(
        of: tracks.features(isFollowed: false), in: map, &atlas, lastPose: guess)
    else {
      lose(frame)
      return
    }
    resume(place, frame, &update)
  }

  /// Goes on from a place that was recognised.
  mutating func resume(_ place: Relocaliser.Place, _ frame: SLAMFrame, _ update: inout SLAMUpdate) {
    if let number = place.map, let earlier = atlas.take(number) {
      atlas.store(map, number: mapNumber)
      (map, mapNumber, calibratedCount) = (earlier, number, earlier.keyFrames.count)
      forgetUpkeep()
      locateWaiting(place)
      tracks.beginAnew()
    }
    tracks.resume(place.found)
    (lastPose, lastPoseNanos, velocity) = (place.cameraFromWorld, frame.nanos, .identity)
    (state, framesWithoutPose, waiting) = (.relocalised, 0, [])
    record(frame, place.cameraFromWorld, keyFrame: place.keyFrame)
    update.worldFromCamera = place.cameraFromWorld.inverse
    update.trackedPoints = place.found.count
  }

  mutating func lose(_ frame: SLAMFrame) {
    framesWithoutPose += 1
    guard framesWithoutPose >= options.patience else { return }
    atlas.store(map, number: mapNumber)
    (mapNumber, mapCount) = (mapCount, mapCount + 1)
    forgetUpkeep()
    calibratedCount = 0
    (map, lastPose, state, framesWithoutPose, framesSinceSearch) = (SLAMMap(), nil, .initialising, 0, 0)
    tracks.beginAnew()
    loopCloser = LoopCloser(camera: camera)
    mapLinker = loopCloser
    waiting = [WaitingFrame(number: frame.number, nanos: frame.nanos, pixels: [])]
    beginInitialisation(at: frame)
  }

  mutating func record(_ frame: SLAMFrame, _ pose: SE3, keyFrame: Int? = nil) {
    let keyFrame = keyFrame ?? map.keyFrames.count - 1
    records.append(
      FrameRecord(
        number: frame.number, nanos: frame.nanos, map: mapNumber, keyFrame: keyFrame,
        cameraFromKeyFrame: pose * map.keyFrames[keyFrame].cameraFromWorld.inverse))
  }
}
