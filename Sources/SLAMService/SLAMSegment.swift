internal import Geometry
import InertialAlignment
import MapFormats
internal import MediaModel
internal import SLAM
import Vision

/// SLAM from one beginning to the next: one back end, with its maps.
struct SLAMSegment {
  /// Size of the pictures as they come.
  let resolution: Resolution
  /// Halvings between the pictures and what the back end sees.
  let halvings: Int
  /// The camera of what the back end sees.
  let camera: CameraModel
  var backend: any SLAMBackend
  /// Added to the back end's numbers of maps, so that no two segments share one.
  let firstMap: Int
  private(set) var lastNanos: Int64?
  private(set) var lastMap: Int
  /// The map of the last frame.
  private(set) var presentMap: Int
  /// Colours of landmarks, by identifier, from the key frame that saw them first.
  private(set) var colours: [Int: SIMD3<UInt8>] = [:]
  /// Depth of key frames; `nil` when it is not wanted.
  var density: Density?
  /// What the back end saw last.
  private var image: GreyImage?
  /// How the present map lies in the world.
  var alignment: MapAlignment
  /// Colours of landmarks of a map of an earlier run.
  private var earlierColours: [Int: SIMD3<UInt8>] = [:]

  /// - Parameter camera: of the pictures as they come.
  init(
    resolution: Resolution, camera: CameraModel, largestSide: Int, firstMap: Int, alignment: MapAlignment,
    density: Density?, makeBackend: (CameraModel) -> any SLAMBackend
  ) {
    self.alignment = alignment
    self.density = density
    self.resolution = resolution
    var (working, halvings) = (camera, 0)
    while max(working.width, working.height) > largestSide {
      working = working.halved
      halvings += 1
    }
    self.halvings = halvings
    self.camera = working
    self.firstMap = firstMap
    (lastMap, presentMap) = (firstMap, firstMap)
    backend = makeBackend(working)
  }

  /// Makes a map of an earlier run known to the back end, before the first frame.
  mutating func load(_ saved: SavedMap) throws(SavedMapError) {
    try backend.load(saved)
    (colours, earlierColours) = (saved.colours, saved.colours)
    alignment.place(MapAlignment.Placement(saved.placement), ofMap: firstMap)
  }

  /// The map to be kept for later runs, placed by `placement`.
  /// - Parameter placement: how the map of a number lies in the world.
  func savedMap(_ placement: (_ map: Int) -> MapAlignment.Placement) -> SavedMap? {
    guard var saved = backend.savedMap else { return nil }
    saved.placement = placement(firstMap + saved.number).saved
    saved.colours = colours.merging(earlierColours) { $1 }.filter { saved.map.points[$0.key] != nil }
    return saved
  }

  /// The camera of the pictures as they come, as it is known now.
  var pictureCamera: CameraModel {
    backend.camera.scaled(by: Double(1 << halvings), width: resolution.width, height: resolution.height)
  }

  /// Whether frames of this time can follow those before.
  func takes(nanos: Int64) -> Bool { lastNanos.map { nanos > $0 } ?? true }

  /// Looks at a frame.
  /// - Precondition: `takes(nanos:)`, and a picture of `resolution`.
  mutating func add(_ picture: Picture, number: Int, nanos: Int64) -> SLAMUpdate {
    lastNanos = nanos
    let image = GreyImage(picture, halvings: halvings)
    self.image = image
    var update = backend.add(SLAMFrame(number: number, nanos: nanos, image: image))
    update.map += firstMap
    presentMap = update.map
    lastMap = max(lastMap, presentMap)
    return update
  }

  /// Sees to the depth of key frames.
  mutating func lookForDepth(_ update: SLAMUpdate, in picture: Picture) {
    guard update.isKeyFrame, let image, var density else { return }
    self.density = nil
    density.add(update, image: image, picture: picture, backend, firstMap: firstMap)
    self.density = density
  }

  /// Sees to the depth of the last key frames.
  mutating func finishDepth() {
    guard var density else { return }
    self.density = nil
    density.finish(backend, firstMap: firstMap)
    self.density = density
  }

  /// Where the camera was at a frame, as far as it is known now.
  func worldFromCamera(frameNumber: Int, nanos: Int64) -> SE3? {
    backend.trajectory(since: nanos).first { $0.frameNumber == frameNumber }?.worldFromCamera
  }

  /// The landmarks that a key frame sees, with what colour they have in it.
  mutating func landmarks(
    ofKeyFrame frameNumber: Int, in picture: Picture
  ) -> [(position: SIMD3<Double>, colour: SIMD3<UInt8>)] {
    let source = PictureColours(picture)
    let size = SIMD2(Double(camera.width), Double(camera.height))
    return backend.points(seenByKeyFrame: frameNumber).map { sighting in
      let place = (sighting.pixel + 0.5) / size
      let colour = source.colour(x: place.x, y: place.y)
      if colours[sighting.landmark.identifier] == nil { colours[sighting.landmark.identifier] = colour }
      return (sighting.landmark.position, colour)
    }
  }

  /// Forgets colours of landmarks that are in the map no more.
  mutating func keepColours(of snapshot: SLAMSnapshot) {
    let present = Set(snapshot.points.map(\.landmark.identifier))
    if colours.count > 2 * present.count {
      colours = colours.filter { present.contains($0.key) || earlierColours[$0.key] != nil }
    }
  }

  /// The present map, for pictures as they come and in the axes that leave SLAM.
  func snapshot(_ placement: MapAlignment.Placement) -> SLAMSnapshot {
    let factor = Double(1 << halvings)
    var snapshot = backend.snapshot
    snapshot.map += firstMap
    snapshot.camera = snapshot.camera.scaled(by: factor, width: resolution.width, height: resolution.height)
    for index in snapshot.keyFrames.indices {
      snapshot.keyFrames[index].worldFromCamera = placement.placed(snapshot.keyFrames[index].worldFromCamera)
    }
    for index in snapshot.points.indices {
      let position = snapshot.points[index].landmark.position
      snapshot.points[index].landmark.position = placement.metricFromWorld * position
      for seen in snapshot.points[index].observations.indices {
        let pixel = snapshot.points[index].observations[seen].pixel
        snapshot.points[index].observations[seen].pixel = (pixel + 0.5) * factor - 0.5
      }
    }
    return snapshot
  }

  /// The poses of one map from a time on, as they are known now.
  func poses(ofMap map: Int, since nanos: Int64 = .min) -> [TimedPose] {
    backend.trajectory(since: nanos).filter { $0.map + firstMap == map }
      .map { TimedPose(nanos: $0.nanos, worldFromCamera: $0.worldFromCamera) }
  }

  /// What was found out.
  /// - Parameters:
  ///   - snapshot: the last map, and how it lies in the world.
  func result(_ snapshot: SLAMSnapshot, _ last: MapAlignment.Placement) -> SLAMResult {
    let maps = Set(backend.trajectory.map(\.map)).sorted().map { number in
      let poses = poses(ofMap: number + firstMap)
      let placement = number + firstMap == snapshot.map ? last : alignment.final(poses, ofMap: number + firstMap)
      return SLAMResult.Map(
        number: number + firstMap,
        poses: poses.map { TimedPose(nanos: $0.nanos, worldFromCamera: placement.placed($0.worldFromCamera)) },
        isMetric: placement.quality == .trustworthy,
        positions: poses.compactMap { pose in
          placement.position(of: pose.worldFromCamera.translation).map { .init(nanos: pose.nanos, place: $0) }
        }, earth: placement.earth)
    }
    return SLAMResult(maps: maps, snapshot: snapshot, colours: colours)
  }
}
