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
  private var map = 0
  private var isMetric: Bool?
  private var track = ThinnedPath<SIMD2<Double>>()
  private var masks: Set<Int> = []

  /// - Parameters:
  ///   - store: the recording.
  ///   - name: what a viewer calls it.
  ///   - start: when it began.
  ///   - camera: what is known of it; `nil`: it is taken to be a usual phone's, unless an event says otherwise.
  ///   - layout: how a viewer is to show it; `nil`: as it likes.
  ///   - compress: for chunks; `nil`: they are sent as they are.
  public init(
    store: RerunStore, name: String, start: WallTime, camera: CameraModel? = nil,
    layout: RerunBlueprint? = .session, compress: RerunCompression? = nil
  ) {
    self.name = name
    self.start = start
    self.camera = camera
    self.layout = layout
    self.compress = compress
    encoder = RerunEncoder(store, compress: compress)
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
    case .video(let video): self.video(video)
    case .videoWasCut: []
    case .camera(let camera): self.camera(camera)
    case .objects(let objects): self.objects(objects)
    case .pose(let pose): self.pose(pose)
    case .points(let time, let cloud):
      [
        message(
          "/world/points", Self.times(time),
          Rerun.Points3D(
            positions: cloud.points.map(\.position),
            colors: cloud.points.map { RerunColor($0.colour.x, $0.colour.y, $0.colour.z) }, radius: .screen(1.5)))
      ]
    case .motion(let motion): self.motion(motion)
    case .location(let location): self.location(location)
    case .identification(let result):
      [message("/api_results/object_\(result.object)", Self.times(result.time), Rerun.TextLog(result.findings))]
    case .log(let log):
      [message("/log", Self.times(log.time), Rerun.TextLog("\(log.source): \(log.text)", level: Self.level(log.level)))]
    case .places(let places, let time): self.places(places, time)
    }
  }

  /// Notes an event that nobody is told of: what builds up over time, as the trajectory, goes on.
  public mutating func skip(_ event: SessionEvent) {
    switch event {
    case .pose(let pose):
      if pose.map != map {
        map = pose.map
        path.restart()
      }
      _ = path.add(pose.worldFromCamera.translation, at: pose.time)
    case .location(let location):
      _ = track.add(SIMD2(location.latitudeDegrees, location.longitudeDegrees), at: location.time)
    default: return
    }
  }

  /// What waits for more of its kind.
  public mutating func flush() -> [RerunMessage] {
    guard let last = motion.last else { return [] }
    var messages: [RerunMessage] = []
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
      messages.append(encoder.message(chunk, at: last.time.nanosSince1970))
    }
    motion = []
    return messages
  }

  // MARK: Rows

  private static func times(_ time: WallTime, frame: Int? = nil) -> [(timeline: RerunTimeline, values: [Int64])] {
    [(.captureTime, [time.nanosSince1970])] + (frame.map { [(.frame, [Int64($0)])] } ?? [])
  }

  private mutating func message(
    _ entity: String, _ times: [(timeline: RerunTimeline, values: [Int64])], _ archetypes: any RerunArchetype...
  ) -> RerunMessage {
    let columns = archetypes.flatMap(\.columns)
    return encoder.message(RerunChunk(entity, times, columns), at: times.first?.values.first ?? start.nanosSince1970)
  }

  private mutating func video(_ video: SessionEvent.Video) -> [RerunMessage] {
    // Recordings may not tell the size of their pictures.
    let isKnown = sentCamera?.resolution == video.resolution || video.resolution.width == 0
    var messages = isKnown ? [] : camera(of: video)
    var sample = ByteBuffer()
    for piece in video.data { sample.writeImmutableBuffer(piece) }
    messages.append(
      message("/frame", Self.times(video.time, frame: video.frame), Rerun.VideoStream(sample: sample)))
    return messages
  }

  /// The camera of pictures of a new size, as far as it is known.
  private mutating func camera(of video: SessionEvent.Video) -> [RerunMessage] {
    let size = video.resolution
    let known = camera.flatMap { camera -> CameraModel? in
      let factor = Double(size.width) / Double(max(1, camera.width))
      guard abs(factor * Double(camera.height) - Double(size.height)) <= 1 else { return nil }
      return camera.scaled(by: factor, width: size.width, height: size.height)
    }
    let model = known ?? .assumed(width: size.width, height: size.height)
    return camera(
      SessionEvent.Camera(
        time: video.time, focalLength: model.focalLength, principalPoint: model.principalPoint, resolution: size))
  }

  private mutating func camera(_ camera: SessionEvent.Camera) -> [RerunMessage] {
    sentCamera = camera
    let size = camera.resolution
    return [
      message(
        "/world/camera", Self.times(camera.time),
        Rerun.Pinhole(
          focalLength: SIMD2<Float>(camera.focalLength), principalPoint: SIMD2<Float>(camera.principalPoint),
          resolution: SIMD2(Float(size.width), Float(size.height))))
    ]
  }

  private mutating func pose(_ pose: SessionEvent.Pose) -> [RerunMessage] {
    var messages: [RerunMessage] = []
    let times = Self.times(pose.time, frame: pose.frame)
    if isMetric != pose.isMetric {
      isMetric = pose.isMetric
      // Without a metric scale the axes are those of the first camera.
      messages.append(
        message("/world", times, pose.isMetric ? Rerun.ViewCoordinates.rightForwardUp : .rightDownForward))
    }
    let quaternion = pose.worldFromCamera.rotation.quaternion
    let position = pose.worldFromCamera.translation
    messages.append(
      message(
        "/world/camera", times,
        Rerun.Transform3D(translation: SIMD3<Float>(position), quaternion: SIMD4<Float>(quaternion))))
    if pose.map != map {
      map = pose.map
      path.restart()
    }
    if path.add(position, at: pose.time) {
      messages.append(
        message(
          "/world/trajectory", times,
          Rerun.LineStrips3D(
            strips: [path.points.map { SIMD3<Float>($0) }], colors: [Self.pathColor], radius: .screen(1.5))))
    }
    return messages
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

  private mutating func objects(_ found: SessionEvent.Objects) -> [RerunMessage] {
    let times = Self.times(found.time, frame: found.frame)
    let boxes = found.objects.map { ($0, SIMD2($0.box.x, $0.box.y), SIMD2($0.box.z, $0.box.w)) }
    var messages = [
      message(
        "/frame/objects", times,
        Rerun.Boxes2D(
          centers: boxes.map { ($0.1 + $0.2) / 2 }, halfSizes: boxes.map { ($0.2 - $0.1) / 2 },
          labels: boxes.map { "\($0.0.label) \($0.0.id)" }, classIDs: boxes.map { UInt16(Self.classOf($0.0.id)) })),
      message(
        "/frame_number", times, Rerun.TextLog("frame \(found.frame): \(found.objects.count) objects", level: .debug)),
    ]
    var shown: Set<Int> = []
    for object in found.objects {
      guard let mask = object.mask, let crop = MaskCrop(mask, class: Self.classOf(object.id)) else { continue }
      shown.insert(object.id)
      messages.append(
        message(
          "/masks/object_\(object.id)", times,
          Rerun.SegmentationImage(classes: crop.classes, resolution: crop.resolution),
          Rerun.Transform3D(translation: SIMD3(Float(crop.origin.x), Float(crop.origin.y), 0))))
    }
    for id in masks.subtracting(shown).sorted() {
      messages.append(message("/masks/object_\(id)", times, Rerun.Clear()))
    }
    masks = shown
    return messages
  }

  private mutating func places(_ places: [SessionEvent.Place], _ time: WallTime) -> [RerunMessage] {
    let positions = places.map { SIMD3<Float>($0.position) }
    let labels = places.map { "\($0.label) \($0.object)" }
    let sized = places.filter { $0.halfSize != nil }
    return [
      message(
        "/world/objects", Self.times(time), Rerun.Points3D(positions: positions, labels: labels, radius: .screen(4))),
      message(
        "/world/objects/extent", Self.times(time),
        Rerun.Boxes3D(
          centers: sized.map { SIMD3<Float>($0.position) },
          halfSizes: sized.compactMap { $0.halfSize.map(SIMD3<Float>.init) })
      ),
    ]
  }

  private mutating func motion(_ reading: SessionEvent.Motion) -> [RerunMessage] {
    var messages: [RerunMessage] = []
    if let first = motion.first,
      motion.count >= Self.motionRows || reading.time.since(first.time) >= Self.motionInterval
        || reading.time < first.time
    {
      messages = flush()
    }
    motion.append(reading)
    return messages
  }

  private mutating func location(_ location: SessionEvent.Location) -> [RerunMessage] {
    let position = SIMD2(location.latitudeDegrees, location.longitudeDegrees)
    let times = Self.times(location.time)
    var messages = [
      message(
        "/telemetry/gps", times,
        Rerun.GeoPoints(positions: [position], color: RerunColor(52, 152, 219), radius: .screen(8)))
    ]
    if track.add(position, at: location.time), track.points.count > 1 {
      messages.append(
        message(
          "/telemetry/gps/track", times,
          Rerun.GeoLineStrings(line: track.points, color: Self.pathColor, radius: .screen(2))))
    }
    return messages
  }
}
