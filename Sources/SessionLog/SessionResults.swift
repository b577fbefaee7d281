import Compression
import Foundation
import MCAP
public import NIOCore
import PosixFiles
import ProtobufWire
import Synchronization

/// What a session's MCAP file says beside its video, as lines of JSON in the order of the file: what a page replays in
/// step with the video.
///
/// | `type` | content |
/// |---|---|
/// | `start` | the first picture of the video: its `time` is where the video begins |
/// | `pose` | `position`, `orientation` (`x y z w`), world from camera |
/// | `objects` | `objects`: `id`, `label`, `score`, `box` in pixels |
/// | `imu` | `accelerometer` m/s², `gyroscope` rad/s; at most 60 a second |
/// | `gps` | `latitude`, `longitude`, `altitude`, and `accuracy` metres, `heading` degrees where known |
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
  private var hasBegun = false
  private var nextSample: UInt64 = 0

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
      var id: Int?
      var label: String?
      var score: Double?
      var box: [Double]
    }

    var type: String
    var time: Double
    var position: [Double]?
    var orientation: [Double]?
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
    // Microseconds are what frames are told apart by.
    let time = Double(message.logTime / 1_000) / 1e6
    switch topic {
    case .video:
      guard !hasBegun else { return nil }
      hasBegun = true
      return Line(type: "start", time: time)
    case .imu:
      guard message.logTime >= nextSample else { return nil }
      nextSample = message.logTime &+ Self.sampleInterval
      let fields = try Fields(message.data)
      return Line(
        type: "imu", time: time, accelerometer: try fields.message(4).vector(3),
        gyroscope: try fields.message(3).vector(3))
    case .pose:
      let pose = try Fields(message.data).message(3)
      return Line(
        type: "pose", time: time, position: try pose.message(1).vector(3),
        orientation: try pose.message(2).vector(4))
    case .location:
      let fields = try Fields(message.data)
      let variance = fields.doubles(4).first ?? 0
      return Line(
        type: "gps", time: time, latitude: fields.double(1) ?? 0, longitude: fields.double(2) ?? 0,
        altitude: fields.double(3) ?? 0,
        // The inverse of what `SessionMessages` makes of an accuracy.
        accuracy: variance > 0 ? variance.squareRoot() * 1.51 : nil,
        heading: fields.double(10).map { $0 * 180 / .pi })
    case .annotations: return Line(type: "objects", time: time, objects: try objects(in: message.data))
    case .transform, .path, .points, .log: return nil
    }
  }

  private func objects(in data: ByteBuffer) throws -> [Line.Object] {
    try Fields(data).messages(2).compactMap { loop in
      let corners = try loop.messages(3).map { $0.vector(2) }
      guard corners.count == 4 else { return nil }
      var object = Line.Object(box: corners[0] + corners[2])
      for pair in try loop.messages(8) {
        switch pair.text(1) {
        case "id": object.id = pair.text(2).flatMap(Int.init)
        case "label": object.label = pair.text(2)
        case "score": object.score = pair.text(2).flatMap(Double.init)
        default: break
        }
      }
      return object
    }
  }

  /// The fields of a message, by number.
  private struct Fields {
    let fields: [ProtobufField]

    init(_ bytes: ByteBuffer) throws { fields = try ProtobufReader.fields(of: bytes) }

    func double(_ number: Int) -> Double? { fields.last { $0.number == number }?.double }

    func text(_ number: Int) -> String? { fields.last { $0.number == number }?.text }

    /// An absent message has no fields.
    func message(_ number: Int) throws -> Fields {
      try Fields(fields.last { $0.number == number }?.bytes ?? ByteBuffer())
    }

    func messages(_ number: Int) throws -> [Fields] {
      try fields.filter { $0.number == number }.compactMap(\.bytes).map { try Fields($0) }
    }

    /// The numbers of the fields 1, 2, …; those of zero are absent.
    func vector(_ count: Int) -> [Double] { (1...count).map { double($0) ?? 0 } }

    /// Packed numbers.
    func doubles(_ number: Int) -> [Double] {
      guard var bytes = fields.last(where: { $0.number == number })?.bytes else { return [] }
      var values: [Double] = []
      while let bits = bytes.readInteger(endianness: .little, as: UInt64.self) {
        values.append(Double(bitPattern: bits))
      }
      return values
    }
  }
}
