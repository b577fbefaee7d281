import BusMessages
public import Geometry
public import MediaModel
import NIOCore
public import SessionEvents

/// Turns the events of a session into messages of Rerun, for a viewer or a file. Pure: the same events give the same
/// bytes.
///
/// The entities: `frame` is the video, `frame/objects` the boxes in it, `masks/object_<id>` a mask; `frame_number` and
/// `api_results/object_<id>` are texts; `world/…` has camera, trajectory, points and objects, `telemetry/…` the sensors.
public struct RerunMapping: Sendable {
  /// Readings of motion sensors that wait for each other, since a chunk of one row is mostly names.
  private static let motionRows = 64
  private static let motionInterval = Nanoseconds.milliseconds(100)
  /// Colours of x, y and z.
  private static let axisColors = [RerunColor(230, 76, 61), RerunColor(46, 204, 113), RerunColor(52, 152, 219)]
  private static let pathColor = RerunColor(255, 153, 0)

  private let name: String
  private let start: WallTime
  private let layout: RerunBlueprint?
  private let compress: RerunCompression?
  private var encoder: RerunEncoder
  private var camera: CameraModel?
  private var sentCamera: SessionEvent.Camera?
  private var motion: [SessionEvent.Motion] = []
  private var path = ThinnedPath<SIMD3<Double>>()
  private var latestPose: SessionEvent.Pose?
  private var isMetric: Bool?
  private var track = ThinnedPath<SIMD2<Double>>()
  private var masks: Set<Int> = []
  /// What the event at hand has brought so far.
  private var ready: [RerunMessage] = []

  /// - Parameters:
  ///   - store: the recording.
  ///   - name: what a viewer calls it.
  ///   - start: when it began.
  ///   - camera: what is known of it; `nil`: it is taken to be a usual phone's, unless an event says otherwise.
  ///   - layout: how a viewer is to show it; `nil`: as it likes.
  ///   - compress: for chunks; `nil`: they are sent as they are.
  ///   - joinsRows: whether rows wait for others of their kind, up to 10 s of the session: right for a file, which is much
  ///     smaller then, and wrong for a viewer, which would wait as long.
  public init(
    store: RerunStore, name: String, start: WallTime, camera: CameraModel? = nil,
    layout: RerunBlueprint? = .session, compress: RerunCompression? = nil, joinsRows: Bool = false
  ) {
    self.name = name
    self.start = start
    self.camera = camera
    self.layout = layout
    self.compress = compress
    encoder = RerunEncoder(store, compress: compress, joinsRows: joinsRows)
  }

  /// What comes in front of everything else; for a viewer that has started anew, again.
  public mutating func begin() -> [RerunMessage] {
    sentCamera = nil
    isMetric = nil
    masks = []
    let nanos = start.nanosSince1970
    var messages = [encoder.storeInfo(at: nanos)]
    func add(_ entity: String, _ archetype: some RerunArchetype) {
      messages.append(encoder.message(RerunChunk(entity, [], archetype.columns), at: nanos))
    }
    add(Rerun.RecordingInfo.entity, Rerun.RecordingInfo(name: name, start: start))
    add("/frame", Rerun.VideoCodec.h264)
    for sensor in ["accelerometer", "gyroscope", "magnetometer"] {
      add("/telemetry/\(sensor)", Rerun.SeriesLines(names: ["x", "y", "z"], colors: Self.axisColors))
    }
    if let layout { messages += layout.messages(for: encoder.store, at: nanos, compress: compress) }
    return messages
  }

  /// The messages of the next event.
  public mutating func messages(of event: SessionEvent) -> [RerunMessage] {
    switch event {
    case .video(let video): add(video)
    case .videoWasCut: break
    case .camera(let camera): add(camera)
    case .objects(let objects): add(objects)
    case .pose(let pose): add(pose)
    case .points(let time, let cloud):
      put("/world/points", Self.times(time), Rerun.Cloud(points: cloud.points, radius: .screen(1.5)))
    case .motion(let motion): add(motion)
    case .location(let location): add(location)
    case .identification(let result):
      put("/api_results/object_\(result.object)", Self.times(result.time), Rerun.TextLog(result.findings))
    case .log(let log):
      put("/log", Self.times(log.time), Rerun.TextLog("\(log.source): \(log.text)", level: Self.level(log.level)))
    case .places(let places, let time): add(places, time)
    }
    return takeReady()
  }

  private mutating func takeReady() -> [RerunMessage] {
    defer { ready = [] }
    return ready
  }

  /// Notes an event that nobody is told of: what builds up over time, as the trajectory, goes on.
  public mutating func skip(_ event: SessionEvent) {
    switch event {
    case .pose(let pose):
      _ = extendPath(to: pose)
    case .location(let location):
      _ = track.add(SIMD2(location.latitudeDegrees, location.longitudeDegrees), at: location.time)
    default: return
    }
  }

  /// What waits for more of its kind.
  public mutating func flush() -> [RerunMessage] {
    putMotion()
    encoder.flush(to: &ready)
    return takeReady()
  }

  private mutating func putMotion() {
    guard let last = motion.last else { return }
    // Readings without a magnetometer stand in no row of it.
    for (sensor, readings) in [
      ("accelerometer", motion.map { ($0.time, Optional($0.accelerometer)) }),
      ("gyroscope", motion.map { ($0.time, Optional($0.gyroscope)) }),
      ("magnetometer", motion.map { ($0.time, $0.magnetometer) }),
    ] {
      let rows = readings.compactMap { time, value in value.map { (time, $0) } }
      guard !rows.isEmpty else { continue }
      let chunk = RerunChunk(
        "/telemetry/\(sensor)", [(.captureTime, rows.map(\.0.nanosSince1970))],
        Rerun.Scalars(rows: rows.map { [$0.1.x, $0.1.y, $0.1.z] }).columns)
      encoder.write(chunk, at: last.time.nanosSince1970, to: &ready)
    }
    motion = []
  }

  // MARK: Rows

  private static func times(_ time: WallTime, frame: Int? = nil) -> [(timeline: RerunTimeline, values: [Int64])] {
    [(.captureTime, [time.nanosSince1970])] + (frame.map { [(.frame, [Int64($0)])] } ?? [])
  }

  private mutating func put(
    _ entity: String, _ times: [(timeline: RerunTimeline, values: [Int64])], _ archetypes: any RerunArchetype...
  ) {
    let chunk = RerunChunk(entity, times, archetypes.flatMap(\.columns))
    encoder.write(chunk, at: times.first?.values.first ?? start.nanosSince1970, to: &ready)
  }

  private mutating func add(_ video: SessionEvent.Video) {
    if sentCamera?.resolution != video.resolution { addCamera(of: video) }
    var sample = ByteBuffer()
    for piece in video.data { sample.writeImmutableBuffer(piece) }
    put("/frame", Self.times(video.time, frame: video.frame), Rerun.VideoStream(sample: sample))
  }

  /// The camera of pictures of a new size, as far as it is known.
  private mutating func addCamera(of video: SessionEvent.Video) {
    let size = video.resolution
    // A viewer takes no camera without a focal length.
    guard size.width > 0, size.height > 0 else { return }
    let known = camera.flatMap { camera -> CameraModel? in
      let factor = Double(size.width) / Double(max(1, camera.width))
      guard abs(factor * Double(camera.height) - Double(size.height)) <= 1 else { return nil }
      return camera.scaled(by: factor, width: size.width, height: size.height)
    }
    let model = known ?? .assumed(width: size.width, height: size.height)
    add(
      SessionEvent.Camera(
        time: video.time, focalLength: model.focalLength, principalPoint: model.principalPoint, resolution: size))
  }

  private mutating func add(_ camera: SessionEvent.Camera) {
    sentCamera = camera
    let size = camera.resolution
    put(
      "/world/camera", Self.times(camera.time),
      Rerun.Pinhole(
        focalLength: SIMD2<Float>(camera.focalLength), principalPoint: SIMD2<Float>(camera.principalPoint),
        resolution: SIMD2(Float(size.width), Float(size.height))))
  }

  private mutating func add(_ pose: SessionEvent.Pose) {
    let times = Self.times(pose.time, frame: pose.frame)
    if isMetric != pose.isMetric {
      isMetric = pose.isMetric
      // Without a metric scale the axes are those of the first camera.
      put("/world", times, pose.isMetric ? Rerun.ViewCoordinates.rightForwardUp : .rightDownForward)
    }
    let quaternion = pose.worldFromCamera.rotation.quaternion
    let position = pose.worldFromCamera.translation
    put(
      "/world/camera", times,
      Rerun.Transform3D(translation: SIMD3<Float>(position), quaternion: SIMD4<Float>(quaternion)))
    if extendPath(to: pose) {
      put(
        "/world/trajectory", times,
        Rerun.LineStrips3D(
          strips: [path.points.map { SIMD3<Float>($0) }], colors: [Self.pathColor], radius: .screen(1.5)))
    }
  }

  /// A pose in other axes begins a new line.
  /// - Returns: whether the path is to be sent.
  private mutating func extendPath(to pose: SessionEvent.Pose) -> Bool {
    if let latestPose, !latestPose.isComparable(to: pose) { path.restart() }
    latestPose = pose
    return path.add(pose.worldFromCamera.translation, at: pose.time)
  }

  private static func level(_ level: SessionEvent.Log.Level) -> Rerun.TextLog.Level {
    switch level {
    case .info: .info
    case .warning: .warning
    case .error: .error
    }
  }
}

// MARK: Objects and sensors

extension RerunMapping {
  /// The same colour for box and mask of an object, which Rerun chooses by the class.
  private static func classOf(_ object: Int) -> UInt8 { UInt8(1 + object.magnitude % 255) }

  private mutating func add(_ found: SessionEvent.Objects) {
    let times = Self.times(found.time, frame: found.frame)
    let boxes = found.objects.map { ($0, SIMD2($0.box.x, $0.box.y), SIMD2($0.box.z, $0.box.w)) }
    put(
      "/frame/objects", times,
      Rerun.Boxes2D(
        centers: boxes.map { ($0.1 + $0.2) / 2 }, halfSizes: boxes.map { ($0.2 - $0.1) / 2 },
        labels: boxes.map { "\($0.0.label) \($0.0.id)" }, classIDs: boxes.map { UInt16(Self.classOf($0.0.id)) }))
    put("/frame_number", times, Rerun.TextLog("frame \(found.frame): \(found.objects.count) objects", level: .debug))
    var shown: Set<Int> = []
    for object in found.objects {
      guard let mask = object.mask, let crop = MaskCrop(mask, class: Self.classOf(object.id)) else { continue }
      shown.insert(object.id)
      put(
        "/masks/object_\(object.id)", times,
        Rerun.SegmentationImage(classes: crop.classes, resolution: crop.resolution),
        Rerun.Transform3D(translation: SIMD3(Float(crop.origin.x), Float(crop.origin.y), 0)))
    }
    for id in masks.subtracting(shown).sorted() { put("/masks/object_\(id)", times, Rerun.Clear()) }
    masks = shown
  }

  private mutating func add(_ places: [SessionEvent.Place], _ time: WallTime) {
    let positions = places.map { SIMD3<Float>($0.position) }
    let labels = places.map { "\($0.label) \($0.object)" }
    let sized = places.filter { $0.halfSize != nil }
    put("/world/objects", Self.times(time), Rerun.Points3D(positions: positions, labels: labels, radius: .screen(4)))
    put(
      "/world/objects/extent", Self.times(time),
      Rerun.Boxes3D(
        centers: sized.map { SIMD3<Float>($0.position) },
        halfSizes: sized.compactMap { $0.halfSize.map(SIMD3<Float>.init) }))
  }

  private mutating func add(_ reading: SessionEvent.Motion) {
    if let first = motion.first,
      motion.count >= Self.motionRows || reading.time.since(first.time) >= Self.motionInterval
        || reading.time < first.time
    {
      putMotion()
    }
    motion.append(reading)
  }

  private mutating func add(_ location: SessionEvent.Location) {
    let position = SIMD2(location.latitudeDegrees, location.longitudeDegrees)
    let times = Self.times(location.time)
    put(
      "/telemetry/gps", times,
      Rerun.GeoPoints(positions: [position], color: RerunColor(52, 152, 219), radius: .screen(8)))
    if track.add(position, at: location.time), track.points.count > 1 {
      put(
        "/telemetry/gps/track", times,
        Rerun.GeoLineStrings(line: track.points, color: Self.pathColor, radius: .screen(2)))
    }
  }
}
