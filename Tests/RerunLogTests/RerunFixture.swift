import BusMessages
import Geometry
import MediaModel
import NIOCore
import RerunLog
import SessionEvents

/// A short session with everything in it.
enum RerunFixture {
  static let start = WallTime(nanosSince1970: 1_700_000_000_123_456_789)
  static let store = RerunStore(id: "test", application: "frame_processor")
  static let resolution = Resolution(width: 64, height: 48)

  static func time(_ frame: Int) -> WallTime { start.advanced(by: Nanoseconds(Int64(frame) * 33_333_333)) }

  static func mapping(layout: RerunBlueprint? = .session, joinsRows: Bool = false) -> RerunMapping {
    RerunMapping(store: store, name: "flight", start: start, layout: layout, joinsRows: joinsRows)
  }

  /// A file, whole or as a process leaves it that is killed.
  static func file(
    of messages: [RerunMessage], compress: RerunCompression? = nil, isWhole: Bool = true
  ) -> ByteBuffer {
    var file = RerunFile(compress: compress)
    for message in messages { file.add(message) }
    if isWhole { file.finish() }
    return file.take()
  }

  static func video(_ frame: Int) -> SessionEvent {
    .video(
      SessionEvent.Video(
        time: time(frame), frame: frame, isKeyFrame: frame == 0,
        data: [ByteBuffer(bytes: [0, 0, 0, 1, 0x67]), ByteBuffer(bytes: [0, 0, 1, 0x65, UInt8(frame)])],
        resolution: resolution))
  }

  /// Two objects, the first with a mask of 2×3 pixels at (10, 5).
  static func objects(_ frame: Int, masked: Bool = true) -> SessionEvent {
    let mask = RunLengthMask(resolution: resolution, columns: 10..<12, rows: 5..<8) { x, y in x == 10 || y == 6 }
    return .objects(
      SessionEvent.Objects(
        time: time(frame), frame: frame,
        objects: [
          TrackedObject(
            id: 3, label: "car", score: 0.5, box: SIMD4(10, 5, 12, 8), mask: masked ? mask : nil),
          TrackedObject(id: 256, label: "größe", score: 0.25, box: SIMD4(0, 0, 4, 2)),
        ]))
  }

  static func pose(_ frame: Int, x: Double, map: Int = 0, isMetric: Bool = true) -> SessionEvent {
    .pose(
      SessionEvent.Pose(
        time: time(frame), frame: frame,
        worldFromCamera: SE3(rotation: SO3(angle: .pi / 2, axis: SIMD3(0, 0, 1)), translation: SIMD3(x, 2, 3)),
        map: map, isMetric: isMetric, isKeyFrame: false))
  }

  static func motion(_ nanos: Int64) -> SessionEvent {
    .motion(
      SessionEvent.Motion(
        time: start.advanced(by: Nanoseconds(nanos)), accelerometer: SIMD3(0, 0, 9.81),
        gyroscope: SIMD3(0.1, 0.2, 0.3)))
  }

  static let rest: [SessionEvent] = [
    .points(
      time(2),
      PointCloud(points: [
        PointCloud.Point(position: SIMD3(1, 2, 3), colour: SIMD3(255, 128, 0)),
        PointCloud.Point(position: SIMD3(-1, 0, 5), colour: SIMD3(0, 0, 1)),
      ])),
    .location(SessionEvent.Location(time: time(2), latitudeDegrees: 47.5, longitudeDegrees: 8.5)),
    .location(SessionEvent.Location(time: time(40), latitudeDegrees: 47.5001, longitudeDegrees: 8.5)),
    .identification(SessionEvent.Identification(time: time(3), object: 3, findings: "lens: a car")),
    .log(SessionEvent.Log(time: time(3), level: .error, text: "it broke", source: "test")),
    .places(
      [
        SessionEvent.Place(object: 3, label: "car", position: SIMD3(4, 5, 0), halfSize: SIMD3(2, 1, 0.7)),
        SessionEvent.Place(object: 4, label: "tree", position: SIMD3(1, 1, 0)),
      ], time(4)),
  ]

  static var events: [SessionEvent] {
    [video(0), objects(0), pose(0, x: 1), motion(0), motion(5_000_000), objects(1, masked: false), pose(40, x: 3)]
      + rest
  }

  static func messages(layout: RerunBlueprint? = .session) -> [RerunMessage] {
    var mapping = mapping(layout: layout)
    return mapping.begin() + events.flatMap { mapping.messages(of: $0) } + mapping.flush()
  }

  /// As they go into a file, of a short session.
  static var joinedMessages: [RerunMessage] {
    var mapping = mapping(layout: nil, joinsRows: true)
    let events = (0..<3).flatMap { [video($0), pose($0, x: Double($0)), motion(Int64($0) * 5_000_000)] }
    return mapping.begin() + events.flatMap { mapping.messages(of: $0) } + mapping.flush()
  }
}
