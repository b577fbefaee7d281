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
  private(set) var frameCount = 0
  private(set) var lastMap: Int
  /// Colours of landmarks, by identifier, from the key frame that saw them first.
  private(set) var colours: [Int: SIMD3<UInt8>] = [:]
  /// How the present map lies in the world.
  var alignment: MapAlignment

  /// - Parameter camera: of the pictures as they come.
  init(
    resolution: Resolution, camera: CameraModel, largestSide: Int, firstMap: Int, alignment: MapAlignment,
    makeBackend: (CameraModel) -> any SLAMBackend
  ) {
    self.alignment = alignment
    self.resolution = resolution
    var (working, halvings) = (camera, 0)
    while max(working.width, working.height) > largestSide {
      working = working.halved
      halvings += 1
    }
    self.halvings = halvings
    self.camera = working
    self.firstMap = firstMap
    lastMap = firstMap
    backend = makeBackend(working)
  }

  /// Whether frames of this time can follow those before.
  func takes(nanos: Int64) -> Bool { lastNanos.map { nanos > $0 } ?? true }

  /// Looks at a frame.
  /// - Precondition: `takes(nanos:)`, and a picture of `resolution`.
  mutating func add(_ picture: Picture, number: Int, nanos: Int64) -> SLAMUpdate {
    lastNanos = nanos
    frameCount += 1
    let image = GreyImage(picture, halvings: halvings)
    var update = backend.add(SLAMFrame(number: number, nanos: nanos, image: image))
    update.map += firstMap
    lastMap = max(lastMap, update.map)
    return update
  }

  /// The landmarks that a key frame sees, with what colour they have in it.
  mutating func landmarks(
    of update: SLAMUpdate, in picture: Picture
  ) -> [(position: SIMD3<Double>, colour: SIMD3<UInt8>)] {
    guard let cameraFromWorld = update.worldFromCamera?.inverse else { return [] }
    let source = PictureColours(picture)
    let size = SIMD2(Double(camera.width), Double(camera.height))
    return backend.points(seenByKeyFrame: update.frameNumber).compactMap { landmark in
      guard let pixel = camera.project(cameraFromWorld * landmark.position), camera.contains(pixel: pixel) else {
        return nil
      }
      let place = (pixel + 0.5) / size
      let colour = source.colour(x: place.x, y: place.y)
      if colours[landmark.identifier] == nil { colours[landmark.identifier] = colour }
      return (landmark.position, colour)
    }
  }

  /// Forgets colours of landmarks that are in the map no more.
  mutating func keepColours(of snapshot: SLAMSnapshot) {
    let present = Set(snapshot.points.map(\.landmark.identifier))
    if colours.count > 2 * present.count { colours = colours.filter { present.contains($0.key) } }
  }

  /// The poses of one map, as they are known now.
  func poses(ofMap map: Int) -> [TimedPose] {
    backend.trajectory.filter { $0.map + firstMap == map }
      .map { TimedPose(nanos: $0.nanos, worldFromCamera: $0.worldFromCamera) }
  }

  /// What was found out.
  /// - Parameter last: how the map of the snapshot lies in the world.
  func result(_ snapshot: SLAMSnapshot, _ last: MapAlignment.Placement) -> SLAMResult {
    var maps: [Int: [TimedPose]] = [:]
    for pose in backend.trajectory {
      maps[pose.map + firstMap, default: []].append(
        TimedPose(nanos: pose.nanos, worldFromCamera: pose.worldFromCamera))
    }
    var sorted = maps.keys.sorted().map { number in
      let poses = maps[number] ?? []
      let placement = number == snapshot.map + firstMap ? last : alignment.final(poses)
      return SLAMResult.Map(
        number: number,
        poses: poses.map { TimedPose(nanos: $0.nanos, worldFromCamera: placement.placed($0.worldFromCamera)) },
        isMetric: placement.quality == .trustworthy,
        places: poses.map { placement.position(of: $0.worldFromCamera.translation) })
    }
    sorted.sort { ($0.poses.count, -$0.number) > ($1.poses.count, -$1.number) }
    return SLAMResult(
      maps: sorted, snapshot: snapshot.moved(by: last.metricFromWorld), colours: colours, frameCount: frameCount)
  }
}

extension SLAMSnapshot {
  /// The same map in other axes.
  func moved(by targetFromWorld: Sim3) -> SLAMSnapshot {
    var moved = self
    for index in keyFrames.indices {
      moved.keyFrames[index].worldFromCamera = targetFromWorld.moved(keyFrames[index].worldFromCamera)
    }
    for index in points.indices {
      moved.points[index].landmark.position = targetFromWorld * points[index].landmark.position
    }
    return moved
  }
}
