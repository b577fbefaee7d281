public import BusMessages
public import Geometry
public import MediaModel
public import ObjectMapping
import Synchronization

/// Where the objects of a file are, with a path of the camera that is known beforehand: the same files give the same
/// places.
public final class RecordedObjects: Sendable {
  private struct State {
    var map = ObjectMap()
    var history: PoseHistory
  }

  private let camera: CameraModel
  private let state: Mutex<State>

  /// - Parameters:
  ///   - poses: of the camera, with times on the clock of the frames.
  ///   - points: of the map, in the axes of the poses.
  ///   - isMetric: whether the axes are metres with z up.
  ///   - groundHeight: z of the ground where no points tell it, metres.
  public init(
    poses: [TimedPose], camera: CameraModel, points: [SIMD3<Double>], isMetric: Bool, earth: MapPlacement.Earth? = nil,
    groundHeight: Double? = nil
  ) {
    var state = State(history: PoseHistory(limit: max(poses.count, 1)))
    state.map.place(MapPlacement(metricFromMap: isMetric ? .identity : nil, earth: earth), ofMap: 0)
    if let groundHeight { state.map.setGround(height: groundHeight, deviation: 0.5) }
    if !points.isEmpty { state.map.setPoints(points, ofMap: 0) }
    for pose in poses { state.history.add(nanos: pose.nanos, map: 0, worldFromCamera: pose.worldFromCamera) }
    self.camera = camera
    self.state = Mutex(state)
  }

  /// Takes the objects of the next frame.
  /// - Returns: the places of those that have one, by track.
  public func take(_ objects: [TrackedObject], in resolution: Resolution, at nanos: Int64) -> [Int: WorldObjects.Object]
  {
    state.withLock { state in
      guard case .pose(let number, let pose) = state.history.answer(at: nanos, isComplete: true),
        let fitting = camera.fitting(SIMD2(resolution.width, resolution.height))
      else { return [:] }
      state.map.add(
        MapFrame(nanos: nanos, map: number, worldFromCamera: pose, camera: fitting), objects.map(ObjectSighting.init))
      var places: [Int: WorldObjects.Object] = [:]
      for object in objects {
        places[object.id] = state.map.object(ofTrack: object.id, map: number).map(WorldObjects.Object.init)
      }
      return places
    }
  }

  /// All objects so far.
  public func list(stream: String) -> WorldObjects {
    WorldObjects(
      stream: stream, objects: state.withLock { $0.map.objects() }.map(WorldObjects.Object.init))
  }
}
