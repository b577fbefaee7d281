import Geometry

// A map of an earlier run.
extension SLAMEngine {
  /// The number of a map that was loaded: it was there before all others.
  static let loadedMap = 0
  /// Frames from one look at earlier maps to the next, while there is no map yet.
  private static let searchInterval = 3

  /// Makes a map of an earlier run one that the camera may find itself in; what is seen beside it becomes a map of its
  /// own until the camera sees the first.
  ///
  /// A camera that is not known for certain is taken to be the one that made the map, when their pictures have the same
  /// shape.
  /// - Precondition: no frame was added yet.
  public mutating func load(_ saved: SavedMap) throws(SavedMapError) {
    precondition(records.isEmpty && waiting.isEmpty && map.keyFrames.isEmpty && atlas.isEmpty, "frames were added")
    if options.calibration != .known, let same = saved.camera.resized(width: camera.width, height: camera.height) {
      camera = same
      loopCloser = LoopCloser(camera: same)
      mapLinker = loopCloser
    }
    let earlier = try saved.seen(by: camera)
    tracks.keepClear(of: earlier)
    atlas.store(earlier, number: Self.loadedMap)
    atlas.pinned = Self.loadedMap
    (mapNumber, mapCount) = (Self.loadedMap + 1, Self.loadedMap + 2)
    run = saved.runs
  }

  /// The map that was loaded, with what was added to it; of a run that loaded none the one with the most key frames.
  /// `nil` where there is none yet.
  public var savedMap: SavedMap? {
    let wasLoaded = run > 0
    var candidates = [(number: mapNumber, map: map)]
    candidates += atlas.recognisableMaps
    if wasLoaded { candidates.removeAll { $0.number != Self.loadedMap } }
    let largest = candidates.max { ($0.map.keyFrames.count, -$0.number) < ($1.map.keyFrames.count, -$1.number) }
    guard let largest, !largest.map.points.isEmpty else { return nil }
    let isExtended = largest.map.keyFrames.contains { $0.run == run }
    var saved = SavedMap(camera: camera, runs: isExtended ? run + 1 : run, map: largest.map)
    saved.number = largest.number
    return saved
  }

  /// The place in an earlier map that the last frame shows, before there is a map.
  mutating func earlierPlace() -> Relocaliser.Place? {
    guard !atlas.isEmpty else { return nil }
    framesSinceSearch += 1
    guard framesSinceSearch >= Self.searchInterval else { return nil }
    framesSinceSearch = 0
    return Relocaliser(camera: camera).place(of: tracks.features(isFollowed: false), in: map, &atlas, lastPose: nil)
  }

  /// Gives the frames before a place was recognised their poses, as far back as what they show can be followed.
  /// - Precondition: the present map is the one of the place, and tracks have the names that they had in those frames.
  mutating func locateWaiting(_ place: Relocaliser.Place) {
    var points: [Int: MapPoint] = [:]
    for found in place.found {
      // A corner that is recognised is, more often than not, one that is followed.
      let near = tracks.tracks.first { track in
        let offset = track.pixel - found.pixel
        return (offset * offset).sum() < 2
      }
      if let near { points[near.identifier] = map.points[found.identifier] }
    }
    let poses = waitingPoses(from: place.cameraFromWorld) { points[$0] }
    let worldFromKeyFrame = map.keyFrames[place.keyFrame].cameraFromWorld.inverse
    for (frame, pose) in zip(waiting.suffix(poses.count), poses) {
      records.append(
        FrameRecord(
          number: frame.number, nanos: frame.nanos, map: mapNumber, keyFrame: place.keyFrame,
          cameraFromKeyFrame: pose * worldFromKeyFrame))
    }
    waiting = []
  }
}

extension FeatureTracks {
  /// Gives no track the name of a point or a track of an earlier map.
  mutating func keepClear(of map: SLAMMap) {
    let owners = map.keyFrames.lazy.flatMap(\.features.owners)
    reserve(through: max(map.points.keys.max() ?? -1, owners.max() ?? -1))
  }
}

extension CameraModel {
  /// The same camera for pictures of another size but the same shape; `nil` for another shape.
  func resized(width: Int, height: Int) -> CameraModel? {
    if width == self.width, height == self.height { return self }
    let factor = Double(width) / Double(self.width)
    guard abs(factor * Double(self.height) - Double(height)) <= 1 else { return nil }
    return scaled(by: factor, width: width, height: height)
  }
}
