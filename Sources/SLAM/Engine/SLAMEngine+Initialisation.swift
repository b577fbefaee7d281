import Geometry
import MultiView
import Vision

// The first map, and the frames before it.
extension SLAMEngine {
  mutating func initialise(_ frame: SLAMFrame, _ update: inout SLAMUpdate) {
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
    for index in map.keyFrames.indices { map.keyFrames[index].run = run }
    tracks.forgetSightings()
    tracks.renewTemplates()
    tracks.markSightings(keyFrame: 1)
    state = .tracking
    framesWithoutPose = 0
    let pose = map.keyFrames[1].cameraFromWorld
    (lastPose, lastPoseNanos, velocity) = (pose, frame.nanos, .identity)
    map.keyFrames[1].features = tracks.features()
    map.indexPlaces()
    locateWaiting()
    update.worldFromCamera = pose.inverse
    update.isKeyFrame = true
    update.trackedPoints = map.points.count
  }

  /// Gives the frames before initialisation their poses, from the newest, whose pose is known, back in time.
  mutating func locateWaiting() {
    let located = waitingPoses(from: map.keyFrames[1].cameraFromWorld) { map.points[$0] }
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
  /// - Parameters:
  ///   - newest: camera from world, about where the last of them was.
  ///   - point: what a track shows.
  func waitingPoses(from newest: SE3, _ point: (_ track: Int) -> MapPoint?) -> [SE3] {
    var pose = newest
    var poses: [SE3] = []
    for frame in waiting.reversed() {
      let observations = frame.pixels.compactMap { seen in
        point(seen.identifier).map { PointObservation(pointInWorld: $0.position, pixel: seen.pixel) }
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
  mutating func correctWaitingReadout(_ map: SLAMMap) {
    let poses = waitingPoses(from: map.keyFrames[1].cameraFromWorld) { map.points[$0] }
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

  /// The reference, the present picture, and some between them.
  var initialViews: [MapInitialiser.View] {
    let since = waiting.filter { $0.number >= referenceNumber }
    let count = min(8, since.count)
    return (0..<count).map { since[$0 * (since.count - 1) / max(count - 1, 1)].pixels }
  }

  mutating func beginInitialisation(at frame: SLAMFrame) {
    tracks.replenish(count: options.featureCount)
    waiting[waiting.count - 1].pixels = tracks.tracks.map { ($0.identifier, $0.position) }
    reference = Dictionary(uniqueKeysWithValues: tracks.tracks.map { ($0.identifier, $0.position) })
    (referenceNumber, referenceNanos) = (frame.number, frame.nanos)
    attemptedMotion = 0
  }
}
