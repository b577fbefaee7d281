import Compression
import Foundation
import Geometry
import MCAP
import MediaModel
public import NIOCore
import PosixFiles
import SessionEvents
import SessionModel
import Synchronization

/// What a session's MCAP file says beside its video, as lines of JSON in the order of the file: what a page replays in
/// step with the video.
///
/// | `type` | content |
/// |---|---|
/// | `start` | the first picture of the video: its `time` is where the video begins |
/// | `pose` | `position`, `orientation` (`x y z w`), world from camera; `map`, and `metric` where that is known |
/// | `objects` | `objects`: `id`, `label`, `score`, `box` in pixels |
/// | `world_objects` | `objects`, all of the present map: `id`, `label`, `map`, `position`, `deviation`, `wgs84` (1) |
/// | `imu` | `accelerometer` m/s², `gyroscope` rad/s; at most 60 a second |
/// | `gps` | `latitude`, `longitude`, `altitude`, and `accuracy` metres, `heading` degrees where known |
///
/// (1) `deviation`, one standard deviation of the position along each axis, and `wgs84` where known.
///
/// `time` is the capture time, seconds since 1970. A file that is written at the moment is read as far as it goes.
/// Thread-safe; calls block on the disk.
public final class SessionResults: Sendable {
  /// Read at one go.
  private static let pieceBytes = 256 << 10
  /// A record that is longer was not written here.
  private static let recordBytes = 64 << 20

  private struct State {
    var offset = 0
    var parser: MCAPParser
    var buffer = ByteBuffer()
    var lines = SessionResultLines()
    var isDone = false
  }

  private let file: OpenFile
  private let state: Mutex<State>

  /// - Throws: ``FileFailure`` when there is no such file.
  public init(path: String) throws {
    file = try OpenFile(path, flags: O_RDONLY, mode: 0, for: .read)
    state = Mutex(State(parser: MCAPParser(limits: Self.limits)))
  }

  private static var limits: MCAPLimits {
    var limits = MCAPLimits()
    limits.recordBytes = recordBytes
    limits.chunkBytes = recordBytes
    return limits
  }

  /// Some more lines; `nil` at the end. What cannot be read ends it.
  /// - Throws: ``FileFailure``.
  public func next() throws -> ByteBuffer? {
    try state.withLock { state in
      while !state.isDone {
        let piece = try file.read(at: state.offset, count: Self.pieceBytes)
        state.offset += piece.readableBytes
        if piece.readableBytes == 0 { state.isDone = true }
        state.buffer.discardReadBytes()
        state.buffer.writeImmutableBuffer(piece)
        Self.takeRecords(&state)
        if state.lines.text.readableBytes > 0 { return state.lines.take() }
      }
      return nil
    }
  }

  private static func takeRecords(_ state: inout State) {
    do {
      while let record = try state.parser.next(&state.buffer) {
        guard case .chunk(let chunk) = record else { continue }
        for content in try MCAPChunk.contents(
          of: try chunk.uncompressed(ChunkCompression.all(), limits: limits), limits: limits)
        {
          state.lines.add(content)
        }
      }
      if state.parser.isEnded { state.isDone = true }
    } catch {
      state.isDone = true
    }
  }
}

/// Turns records into lines.
struct SessionResultLines {
  /// From one motion sample to the next, nanoseconds.
  private static let sampleInterval: UInt64 = 16_000_000

  private(set) var text = ByteBuffer()
  private var topics: [UInt16: SessionTopic] = [:]
  private var decoder = SessionMessageDecoder()
  private var hasBegun = false
  private var nextSample: UInt64 = 0
  private var hasPoseStates = false

  mutating func take() -> ByteBuffer {
    defer { text = ByteBuffer() }
    return text
  }

  mutating func add(_ record: MCAPRecord) {
    switch record {
    case .channel(let channel):
      topics[channel.id] = SessionTopic.allCases.first { $0.name == channel.topic }
    case .message(let message):
      guard let topic = topics[message.channelID] else { return }
      // A message that is damaged is left out; the next one may be whole.
      if let line = try? line(of: message, topic) { append(line) }
    default: break
    }
  }

  private mutating func append(_ line: Line) {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    guard let data = try? encoder.encode(line) else { return }
    text.writeBytes(data)
    text.writeString("\n")
  }

  /// One line; what a type does not have is left out.
  private struct Line: Encodable {
    struct Object: Encodable {
      var id: Int
      var label: String
      var score: Float?
      var box: [Float]?
      var map: Int?
      var position: [Double]?
      var deviation: [Double]?
      var wgs84: Earth?
    }

    struct Earth: Encodable {
      var latitude: Double
      var longitude: Double
      var altitude: Double
    }

    var type: String
    var time: Double
    var position: [Double]?
    var orientation: [Double]?
    var map: Int?
    var metric: Bool?
    var objects: [Object]?
    var accelerometer: [Double]?
    var gyroscope: [Double]?
    var latitude: Double?
    var longitude: Double?
    var altitude: Double?
    var accuracy: Double?
    var heading: Double?
  }

  private mutating func line(of message: MCAPMessage, _ topic: SessionTopic) throws -> Line? {
    switch topic {
    case .video:
      guard !hasBegun else { return nil }
      hasBegun = true
    case .imu:
      guard message.logTime >= nextSample else { return nil }
      nextSample = message.logTime &+ Self.sampleInterval
    case .poseState: hasPoseStates = true
    case .annotations, .pose, .location, .objects: break
    case .transform, .path, .points, .log, .calibration: return nil
    }
    let time = WallTime(nanosSince1970: Int64(clamping: message.logTime))
    guard let event = try decoder.event(topic: topic.name, time: time, data: message.data) else { return nil }
    // Microseconds are what frames are told apart by.
    return line(of: event, at: Double(message.logTime / 1_000) / 1e6)
  }

  private func line(of event: SessionEvent, at time: Double) -> Line? {
    switch event {
    case .video: return Line(type: "start", time: time)
    case .motion(let motion):
      return Line(
        type: "imu", time: time, accelerometer: Self.numbers(motion.accelerometer),
        gyroscope: Self.numbers(motion.gyroscope))
    case .pose(let pose):
      let turn = pose.worldFromCamera.rotation.quaternion
      return Line(
        type: "pose", time: time, position: Self.numbers(pose.worldFromCamera.translation),
        orientation: [turn.x, turn.y, turn.z, turn.w], map: pose.map, metric: hasPoseStates ? pose.isMetric : nil)
    case .location(let fix):
      return Line(
        type: "gps", time: time, latitude: fix.latitudeDegrees, longitude: fix.longitudeDegrees,
        altitude: fix.altitudeMetres ?? 0, accuracy: fix.accuracyMetres, heading: fix.headingDegrees)
    case .objects(let frame):
      let objects = frame.objects.map {
        Line.Object(id: $0.id, label: $0.label, score: $0.score, box: [$0.box.x, $0.box.y, $0.box.z, $0.box.w])
      }
      return Line(type: "objects", time: time, objects: objects)
    case .places(let places, _):
      return Line(type: "world_objects", time: time, objects: places.map(Self.object))
    case .videoWasCut, .camera, .points, .identification, .log: return nil
    }
  }

  private static func object(_ place: SessionEvent.Place) -> Line.Object {
    Line.Object(
      id: place.object, label: place.label, map: place.map, position: numbers(place.position),
      deviation: place.deviation.map(numbers),
      wgs84: place.earth.map {
        Line.Earth(latitude: $0.latitudeDegrees, longitude: $0.longitudeDegrees, altitude: $0.altitudeMetres)
      })
  }

  private static func numbers(_ vector: SIMD3<Double>) -> [Double] { [vector.x, vector.y, vector.z] }
}
