public import Geometry
import MultiView
import Vision

/// Monocular SLAM on a CPU: patches that are followed, key frames, and a map that is adjusted as it grows.
///
/// Tracking is a pose for each frame from the points it shows. Every so often a frame becomes a key frame: new points
/// are triangulated, and the newest key frames are adjusted together with what they see.
public struct SLAMEngine: SLAMBackend {
  private let camera: CameraModel
  private let options: SLAMOptions
  private var tracks = FeatureTracks()
  private var map = SLAMMap()
  private var mapNumber = 0
  private var state = SLAMState.initialising
  /// Camera from world of the last frame with a pose.
  private var lastPose: SE3?
  /// The last camera from the one before: what constant velocity predicts for the next.
  private var velocity = SE3.identity
  /// Where tracks were in the picture that initialisation started from.
  private var reference: [Int: SIMD2<Double>] = [:]
  private var referenceNumber = 0
  private var referenceNanos: Int64 = 0
  private var framesWithoutPose = 0
  /// Poses of frames, relative to a key frame of their map.
  private var records: [FrameRecord] = []
  /// Maps that were given up.
  private var atlas = MapAtlas()
  private var mapCount = 1
  /// Loops within the present map, and from it to those of the atlas.
  private var loopCloser: LoopCloser
  private var mapLinker: LoopCloser
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

  public init(camera: CameraModel, options: SLAMOptions = SLAMOptions()) {
    self.camera = camera
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
    let (map, camera) = (map, camera)
    tracks.follow(into: pyramid) { track in
      guard let predicted, let point = map.points[track.identifier],
        let pixel = camera.project(predicted * point.position), camera.contains(pixel: pixel)
      else { return track.pixel }
      return SIMD2(Float(pixel.x), Float(pixel.y))
    }
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
    tracks.replenish(count: options.featureCount)
    update.state = state
    update.map = mapNumber
    return update
  }

  public mutating func finish() {
    guard map.keyFrames.count > 2 else { return }
    // Wide at first, since drift separates what is one, then as near as features are found again.
    for radius in [12.0, 6, 4] {
      map.adjust(free: 0..<map.keyFrames.count, camera: camera, iterations: 8)
      map.linkEverywhere(PointLinker(camera: camera, radius: radius))
    }
    // Twice: the first removes what does not fit, the second goes on without it.
    for _ in 0..<2 { map.adjust(free: 0..<map.keyFrames.count, camera: camera, iterations: 15) }
  }

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
    let pairs = tracks.tracks.compactMap { track in
      reference[track.identifier].map {
        MapInitialiser.Pair(identifier: track.identifier, first: $0, second: track.position)
      }
    }
    guard pairs.count >= max(40, reference.count / 3) else {
      beginInitialisation(at: frame)
      return
    }
    let motions = pairs.map { pair in
      let motion = pair.second - pair.first
      return (motion * motion).sum().squareRoot()
    }.sorted()
    guard motions[motions.count / 2] > options.keyFrameMotion / 2 else { return }
    let initialiser = MapInitialiser(camera: camera)
    guard var first = initialiser.map(of: pairs) else { return }
    first.adjust(window: 2, camera: camera, iterations: 10)
    // A second adjustment without what the first found not to fit.
    first.adjust(window: 2, camera: camera, iterations: 10)
    guard first.points.count >= 30 else { return }
    map = first
    (map.keyFrames[0].number, map.keyFrames[0].nanos) = (referenceNumber, referenceNanos)
    (map.keyFrames[1].number, map.keyFrames[1].nanos) = (frame.number, frame.nanos)
    tracks.forgetSightings()
    tracks.markSightings(keyFrame: 1)
    state = .tracking
    framesWithoutPose = 0
    let pose = map.keyFrames[1].cameraFromWorld
    (lastPose, velocity) = (pose, .identity)
    map.keyFrames[1].features = features(of: frame.image)
    map.indexPlaces()
    locateWaiting()
    update.worldFromCamera = pose.inverse
    update.isKeyFrame = true
    update.trackedPoints = map.points.count
  }

  /// Gives the frames before initialisation their poses, from the newest, whose pose is known, back in time.
  private mutating func locateWaiting() {
    var pose = map.keyFrames[1].cameraFromWorld
    var located: [FrameRecord] = []
    for frame in waiting.reversed() {
      let observations = frame.pixels.compactMap { seen in
        map.points[seen.identifier].map { PointObservation(pointInWorld: $0.position, pixel: seen.pixel) }
      }
      guard let refined = PoseRefiner().refine(observations, camera: camera, start: pose),
        refined.inlierCount >= options.minimalPoints, 2 * refined.inlierCount >= observations.count
      else { break }
      pose = refined.cameraFromWorld
      let keyFrame = frame.number > referenceNumber ? 1 : 0
      located.append(
        FrameRecord(
          number: frame.number, nanos: frame.nanos, map: mapNumber, keyFrame: keyFrame,
          cameraFromKeyFrame: pose * map.keyFrames[keyFrame].cameraFromWorld.inverse))
    }
    records += located.reversed()
    waiting = []
  }

  /// What a key frame shows, of the tracks that are followed and besides.
  private func features(of image: GreyImage) -> KeyFrameFeatures {
    KeyFrameFeatures(
      of: image, tracks: tracks.tracks.map { ($0.identifier, $0.pixel) }, extractor: DescriptorExtractor())
  }

  private mutating func beginInitialisation(at frame: SLAMFrame) {
    tracks.replenish(count: options.featureCount)
    waiting[waiting.count - 1].pixels = tracks.tracks.map { ($0.identifier, $0.position) }
    reference = Dictionary(uniqueKeysWithValues: tracks.tracks.map { ($0.identifier, $0.position) })
    (referenceNumber, referenceNanos) = (frame.number, frame.nanos)
  }

  // MARK: Tracking

  private mutating func locate(_ frame: SLAMFrame, predicted: SE3?, _ update: inout SLAMUpdate) {
    let seen = tracks.tracks.filter { map.points[$0.identifier] != nil }
    let observations = seen.compactMap { track in
      map.points[track.identifier].map { PointObservation(pointInWorld: $0.position, pixel: track.position) }
    }
    guard let start = lastPose,
      let refined = PoseRefiner().refine(observations, camera: camera, start: predicted ?? start)
        ?? PoseRefiner().refine(observations, camera: camera, start: start)
    else {
      searchMap(frame, &update)
      return
    }
    let pose = refined.cameraFromWorld
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
    lastPose = pose
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
    (lastPose, velocity) = (place.cameraFromWorld, .identity)
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
    return motion > (isUrgent ? options.keyFrameMotion / 3 : options.keyFrameMotion)
  }

  private mutating func addKeyFrame(_ frame: SLAMFrame, _ pose: SE3) {
    let index = map.keyFrames.count
    map.keyFrames.append(
      KeyFrame(
        cameraFromWorld: pose, number: frame.number, nanos: frame.nanos, features: features(of: frame.image)))
    tracks.markSightings(keyFrame: index)
    for track in tracks.tracks {
      if map.points[track.identifier] != nil {
        map.points[track.identifier]?.observations.append((index, track.position))
      } else if let point = triangulated(track) {
        map.points[track.identifier] = point
      }
    }
    let links = PointLinker(camera: camera).link(
      map.unseenPoints(by: index, limit: 5_000), into: index, of: &map)
    tracks.rename(links.renamed)
    map.indexPlaces()
    closeLoop()
    mergeMaps()
    map.adjust(window: options.window, camera: camera, iterations: 6)
    let newest = map.keyFrames.count - 1
    lastPose = map.keyFrames[newest].cameraFromWorld
    records[records.count - 1].keyFrame = newest
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
    adjustWhole()
  }

  /// Adjusts the whole map after a correction, where that takes less than about a second.
  private mutating func adjustWhole() {
    guard map.keyFrames.count <= Self.adjustedWhole else { return }
    map.adjust(free: 0..<map.keyFrames.count, camera: camera, iterations: 5)
  }

  private static let adjustedWhole = 120

  /// The point of a track, once its rays cross at more than two degrees and it projects where it was seen.
  private func triangulated(_ track: FeatureTrack) -> MapPoint? {
    guard track.sightings.count >= 2 else { return nil }
    let worldFromCameras = track.sightings.map { map.keyFrames[$0.keyFrame].cameraFromWorld.inverse }
    let rays = zip(track.sightings, worldFromCameras).compactMap { sighting, worldFromCamera in
      camera.unproject(sighting.pixel).map { Triangulation.Ray(worldFromCamera: worldFromCamera, bearing: $0) }
    }
    guard let position = Triangulation.nearestPoint(to: rays),
      Triangulation.parallax(of: position, from: worldFromCameras.map(\.translation)) > 0.035
    else { return nil }
    let fits = zip(track.sightings, worldFromCameras).allSatisfy { sighting, worldFromCamera in
      guard let pixel = camera.project(worldFromCamera.inverse * position) else { return false }
      let residual = pixel - sighting.pixel
      return (residual * residual).sum() < 6
    }
    return fits ? MapPoint(position: position, observations: track.sightings) : nil
  }
}
