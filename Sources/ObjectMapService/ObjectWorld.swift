internal import BusMessages
internal import Geometry
internal import MediaModel
import NIOCore
internal import ObjectMapping

/// The objects of one stream: joins what SLAM says of a frame with what detection says of it, in the order of capture,
/// whichever comes first.
struct ObjectWorld {
  /// Frames that wait for the poses around them: 8 s at 30 frames a second.
  static let maximalWaiting = 256
  /// Clouds are of key frames of the last seconds.
  private static let placementsKept = 256

  private let stream: String
  private var order = CaptureOrder()
  private var map = ObjectMap()
  private var history = PoseHistory()
  private var camera: CameraModel?
  private var waiting: [ProcessedFrame] = []
  private var presentMap: Int?
  /// From which map's axes clouds of these capture times are.
  private var axes: [(nanos: Int64, map: Int, worldFromMap: Sim3)] = []
  private var earths: [Int: CameraPose.Earth] = [:]
  /// Frames that made room for others, and those whose pose is not known.
  private(set) var dropped = 0
  private(set) var unposed = 0

  init(stream: String) { self.stream = stream }

  var counts: ObjectMap.Counts { map.counts }

  // MARK: Input

  /// Takes in what may have to wait; see ``takeNext(isOver:)``.
  mutating func add(_ input: CaptureOrder.Input, at nanos: Int64) { order.add(input, at: nanos) }

  /// Goes on by one, if there is something that need not wait.
  /// - Parameter isOver: whether nothing more comes.
  /// - Returns: its capture time.
  mutating func takeNext(isOver: Bool = false) -> Int64? {
    guard let (nanos, input) = order.next(isOver: isOver) else { return nil }
    switch input {
    case .pose(let pose): take(pose, at: nanos)
    case .objects(let frame): take(frame)
    case .cloud(let cloud, let nanos): take(cloud, at: nanos)
    }
    return nanos
  }

  private mutating func take(_ pose: CameraPose, at nanos: Int64) {
    // Who tells of no scale tells of metres.
    let isMetric = pose.scale.map { $0 == .trustworthy } ?? true
    let number = pose.map ?? 0
    let worldFromMap = pose.worldFromMap.flatMap(Sim3.init) ?? .identity
    if let lens = pose.camera, let model = CameraModel(lens) { camera = model }
    if let earth = pose.earth { earths[number] = earth }
    let placed = pose.pose.flatMap(SE3.init(rows:))
    if placed != nil {
      presentMap = number
      let earth = earths[number].flatMap { MapPlacement.Earth($0, worldFromMap: worldFromMap) }
      map.place(MapPlacement(metricFromMap: isMetric ? worldFromMap : nil, earth: earth), ofMap: number)
      axes.append((nanos, number, worldFromMap))
      if axes.count > Self.placementsKept { axes.removeFirst(Self.placementsKept / 4) }
    }
    history.add(nanos: nanos, map: number, worldFromCamera: placed.map { worldFromMap.inverse.moved($0) })
    settleWaiting()
  }

  /// A cloud of the map, as it was placed at a frame.
  private mutating func take(_ cloud: PointCloud, at nanos: Int64) {
    guard let axes = axes.last(where: { $0.nanos == nanos }) else { return }
    let mapFromWorld = axes.worldFromMap.inverse
    map.setPoints(cloud.points.map { mapFromWorld * SIMD3<Double>($0.position) }, ofMap: axes.map)
  }

  private mutating func take(_ frame: ProcessedFrame) {
    waiting.append(frame)
    if waiting.count > Self.maximalWaiting {
      waiting.removeFirst()
      dropped += 1
    }
    settleWaiting()
  }

  private mutating func settleWaiting() {
    guard let camera else { return }
    var still: [ProcessedFrame] = []
    for frame in waiting {
      let nanos = frame.nanos
      switch history.answer(at: nanos) {
      case .notYet: still.append(frame)
      case .unknown: unposed += 1
      case .pose(let number, let worldFromCamera):
        guard let fitting = camera.fitting(frame.size) else {
          unposed += 1
          continue
        }
        map.add(
          MapFrame(nanos: nanos, map: number, worldFromCamera: worldFromCamera, camera: fitting),
          frame.objects.compactMap(ObjectSighting.init))
      }
    }
    waiting = still
  }

  // MARK: Output

  /// The objects of the map that the camera is in now, those seen last first.
  func present(limit: Int) -> WorldObjects {
    let objects = presentMap.map { map.objects(ofMap: $0) } ?? []
    let newest = objects.sorted { ($1.lastSeen, $0.id) < ($0.lastSeen, $1.id) }.prefix(limit)
    return WorldObjects(stream: stream, objects: newest.map(WorldObjects.Object.init), map: presentMap)
  }

  /// All objects, with the map that each is in.
  var all: WorldObjects {
    WorldObjects(stream: stream, objects: map.objects().map(WorldObjects.Object.init))
  }
}

extension ProcessedFrame {
  fileprivate var nanos: Int64 {
    let nanos = timestamp * 1e9
    return abs(nanos) < 9e18 ? Int64(nanos.rounded()) : 0
  }

  /// Width and height of the picture, where an object tells it.
  fileprivate var size: SIMD2<Int>? {
    objects.first { $0.maskShape.count == 2 }.map { SIMD2($0.maskShape[1], $0.maskShape[0]) }
  }
}

extension CameraModel {
  /// The same camera for pictures of another size, of the same shape.
  func fitting(_ size: SIMD2<Int>?) -> CameraModel? {
    guard let size, size != SIMD2(width, height) else { return self }
    guard size.x > 0, size.y > 0, abs(size.x * height - size.y * width) <= max(width, size.x) else { return nil }
    return scaled(by: Double(size.x) / Double(width), width: size.x, height: size.y)
  }
}
