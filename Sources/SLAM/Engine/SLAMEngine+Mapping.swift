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

  /// Finds out focal length and k1 from a range of key frames.
  mutating func calibrate(range: Range<Int>) {
    guard var calibration = calibration(range: range) else { return }
    calibration.advance(iterations: Self.calibrationSteps)
    apply(calibration)
  }

  /// The adjustment that finds out focal length and k1 from a range of key frames.
  func calibration(range: Range<Int>) -> SLAMMap.Adjustment? {
    guard let deviation = options.calibration.deviation else { return nil }
    let intrinsics = Intrinsics(
      assumed: assumedCamera, focalDeviation: deviation.x, distortionDeviation: deviation.y)
    return map.adjustment(free: range, camera: camera, intrinsics: intrinsics)
  }

  /// Goes on with the camera that was found.
  mutating func apply(_ calibration: SLAMMap.Adjustment) {
    let found = calibration.problem.camera
    // Over flat ground nothing holds the focal length, and it runs away.
    guard let intrinsics = calibration.problem.intrinsics,
      abs(intrinsics.error(found).x) < min(Self.maximalFocalError, 3 * intrinsics.deviation.x)
    else { return }
    map.apply(calibration)
    camera = found
    (loopCloser, mapLinker) = (LoopCloser(camera: found), LoopCloser(camera: found))
  }

  mutating func addKeyFrame(_ frame: SLAMFrame, _ pose: SE3) {
    if isAdjustmentDue {
      adjustNewest(isLast: true)
      stayWithKeyFrame()
    }
    let pose = lastPose ?? pose
    tracks.refine()
    let index = map.keyFrames.count
    map.keyFrames.append(
      KeyFrame(
        cameraFromWorld: pose, number: frame.number, nanos: frame.nanos, run: run, features: tracks.features()))
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
    if search == nil { search = LoopSearch(keyFrame: index) }
    records[records.count - 1].keyFrame = index
    records[records.count - 1].cameraFromKeyFrame = .identity
  }

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
