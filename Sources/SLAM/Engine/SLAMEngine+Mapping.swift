import Geometry
import MultiView
import Vision

// Key frames, points and what corrects them.
extension SLAMEngine {
  func needsKeyFrame(inlierCount: Int) -> Bool {
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
  mutating func adjustNewest() {
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
  mutating func calibrate(range: Range<Int>) {
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

  mutating func addKeyFrame(_ frame: SLAMFrame, _ pose: SE3) {
    if isAdjustmentDue { adjustNewest() }
    let pose = lastPose ?? pose
    let index = map.keyFrames.count
    map.keyFrames.append(
      KeyFrame(
        cameraFromWorld: pose, number: frame.number, nanos: frame.nanos, features: features(of: frame.image)))
    map.keyFrames[index].previousFromThis = map.keyFrames[index - 1].cameraFromWorld * pose.inverse
    tracks.markSightings(keyFrame: index)
    var misfits: Set<Int> = []
    for track in tracks.tracks {
      if map.points[track.identifier] != nil {
        map.points[track.identifier]?.observations.append((index, track.position))
      } else {
        switch triangulated(track) {
        case .point(var point):
          point.observations.removeAll { map.isStripped($0.keyFrame) }
          if point.observations.count >= 2 { map.points[track.identifier] = point }
        case .contradiction: misfits.insert(track.identifier)
        case .unclear: break
        }
      }
    }
    tracks.remove { misfits.contains($0.identifier) }
    map.indexPlaces()
    let links = PointLinker(camera: camera).link(
      map.unseenPoints(by: index, limit: 5_000), into: index, of: &map)
    tracks.rename(links.renamed)
    isAdjustmentDue = true
    records[records.count - 1].keyFrame = index
    records[records.count - 1].cameraFromKeyFrame = .identity
  }

  /// Takes out the drift that shows when the camera is back where it was.
  mutating func closeLoop() {
    guard let loop = loopCloser.loop(in: map) else { return }
    let closed = loopCloser.close(loop, in: &map)
    tracks.rename(closed.renamed)
    for index in records.indices where records[index].map == mapNumber {
      records[index].cameraFromKeyFrame.translation *= closed.growth[records[index].keyFrame]
    }
    map.growSteps { closed.growth[$0 - 1] }
    velocity = .identity
    tracks.renewTemplates()
    adjustWhole()
  }

  /// Makes the present map part of an earlier one that it shows again.
  mutating func mergeMaps() {
    guard let (number, loop) = atlas.nextLoop(from: map, &mapLinker), var merged = atlas.take(number) else { return }
    let offset = merged.keyFrames.count
    map.growSteps { _ in loop.oldFromNew.scale }
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
  mutating func adjustWhole() {
    guard map.heldKeyFrames.count <= Self.adjustedWhole else { return }
    map.adjust(free: 0..<map.keyFrames.count, camera: camera, iterations: 5)
  }

  static let adjustedWhole = 120

  /// What the sightings of a track say about where it is.
  enum Triangulated {
    case point(MapPoint)
    /// The rays are too close to each other.
    case unclear
    /// The rays do not meet: not a point, or one that moves.
    case contradiction
  }

  /// The point of a track, once its rays cross at more than a degree and it projects where it was seen.
  func triangulated(_ track: FeatureTrack) -> Triangulated {
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
