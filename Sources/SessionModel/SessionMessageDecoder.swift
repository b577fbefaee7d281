import BusMessages
import CodedMedia
import H264
public import MediaModel
public import NIOCore
public import ProtobufWire
public import SessionEvents

/// Turns the messages of a session's MCAP file back into events: the other way round of what records them.
///
/// Pure. Messages are to come in the order of their times. Frames are numbered from 1 as the video has them, since the
/// file has no numbers; results get that of the frame of their time, 0 where there is none.
public struct SessionMessageDecoder: Sendable {
  /// Frames whose times are kept: 68 s at 30 frames a second.
  private static let keptFrames = 2_048

  private var frames = 0
  private var numbers: [WallTime: Int] = [:]
  private var order: [WallTime] = []
  private var next = 0
  /// Of the pictures, by the last key frame; 0×0 in front of the first.
  private var resolution = Resolution(width: 0, height: 0)
  var poseState = PoseState()

  public init() {}

  /// The event that a message is; `nil` of a topic that says nothing new, or of another program.
  ///
  /// - Throws: what is wrong with a message of a topic that is known.
  public mutating func event(
    topic: String, time: WallTime, data: ByteBuffer
  ) throws(ProtobufError) -> SessionEvent? {
    switch topic {
    case "/camera/video": .video(try video(data, time))
    case "/camera/annotations": .objects(try objects(data, time))
    case "/camera/pose": .pose(try pose(data, time))
    case "/camera/pose_state": try takePoseState(data, time)
    case "/imu": .motion(try motion(data, time))
    case "/gps": try location(data, time).map { .location($0) }
    case "/points": .points(time, try cloud(data))
    case "/log": try log(data, time)
    case "/camera/calibration": try Self.camera(data, time).map { .camera($0) }
    case "/objects": .places(try Self.places(data), time)
    // The frame `camera` of `/tf` is the pose again, and `/camera/path` all of them.
    default: nil
    }
  }

  // MARK: Frames

  private mutating func video(_ data: ByteBuffer, _ time: WallTime) throws(ProtobufError) -> SessionEvent.Video {
    frames += 1
    if order.count < Self.keptFrames {
      order.append(time)
    } else {
      numbers[order[next]] = nil
      order[next] = time
      next = (next + 1) % Self.keptFrames
    }
    numbers[time] = frames
    let bytes = try Self.videoBytes(data)
    let isKeyFrame = Self.hasParameterSets(bytes)
    if isKeyFrame, let found = Self.resolution(in: bytes) { resolution = found }
    return SessionEvent.Video(
      time: time, frame: frames, isKeyFrame: isKeyFrame, data: [bytes], resolution: resolution)
  }

  /// What the sequence parameter set of a key frame says; a delimiter and messages of the encoder may stand before it.
  private static func resolution(in bytes: ByteBuffer) -> Resolution? {
    for unit in AnnexB.nalUnitRanges(in: bytes, limit: 8) {
      guard let slice = bytes.getSlice(at: bytes.readerIndex + unit.offset, length: unit.length),
        let header = slice.getInteger(at: slice.readerIndex, as: UInt8.self), header & 0x1F == 7
      else { continue }
      return try? SequenceParameterSet.parse(slice).resolution
    }
    return nil
  }

  /// The access unit in a message of the video topic, Annex B; empty where there is none.
  public static func videoBytes(_ data: ByteBuffer) throws(ProtobufError) -> ByteBuffer {
    try ProtobufReader.fields(of: data).last { $0.number == 3 }?.bytes ?? ByteBuffer()
  }

  /// Encoders put messages of some hundred bytes in front of the first picture.
  private static let headBytes = 4_096

  /// Key frames carry their parameter sets, and no other does: `nal_unit_type` 7 in front of the first slice.
  private static func hasParameterSets(_ bytes: ByteBuffer) -> Bool {
    bytes.withUnsafeReadableBytes { bytes in
      for place in stride(from: 2, to: min(bytes.count - 1, headBytes), by: 1)
      where bytes[place] == 1 && bytes[place - 1] == 0 && bytes[place - 2] == 0 {
        switch bytes[place + 1] & 0x1F {
        case 7: return true
        case 1...5: return false
        default: continue
        }
      }
      return false
    }
  }

  /// 0 where there is no frame of that time.
  func number(ofFrameAt time: WallTime) -> Int { numbers[time] ?? 0 }

  // MARK: Results

  private func objects(_ data: ByteBuffer, _ time: WallTime) throws(ProtobufError) -> SessionEvent.Objects {
    var objects: [TrackedObject] = []
    for field in try ProtobufReader.fields(of: data) where field.number == 2 {
      guard let bytes = field.bytes, let object = try object(bytes) else { continue }
      objects.append(object)
    }
    return SessionEvent.Objects(time: time, frame: number(ofFrameAt: time), objects: objects)
  }

  private func object(_ data: ByteBuffer) throws(ProtobufError) -> TrackedObject? {
    var corners: [SIMD2<Double>] = []
    var words: [String: String] = [:]
    for field in try ProtobufReader.fields(of: data) {
      guard let bytes = field.bytes else { continue }
      if field.number == 3 {
        let point = try Self.numbers(bytes, 2)
        corners.append(SIMD2(point[0], point[1]))
      } else if field.number == 8 {
        let pair = try ProtobufReader.fields(of: bytes)
        if let key = pair.last(where: { $0.number == 1 })?.text {
          words[key] = pair.last { $0.number == 2 }?.text ?? ""
        }
      }
    }
    guard let id = words["id"].flatMap(Int.init), corners.count == 4 else { return nil }
    return TrackedObject(
      id: id, label: words["label"] ?? "", score: words["score"].flatMap(Float.init) ?? 0,
      box: SIMD4(Float(corners[0].x), Float(corners[0].y), Float(corners[2].x), Float(corners[2].y)))
  }

  private func log(_ data: ByteBuffer, _ time: WallTime) throws(ProtobufError) -> SessionEvent? {
    let fields = try ProtobufReader.fields(of: data)
    func text(_ number: Int) -> String { fields.last { $0.number == number }?.text ?? "" }
    let (message, source) = (text(3), text(4))
    if source == "identification", let found = Self.identification(message, time) { return .identification(found) }
    let level: SessionEvent.Log.Level =
      switch fields.last(where: { $0.number == 2 })?.integer ?? 0 {
      case 4...: .error
      case 3: .warning
      default: .info
      }
    return .log(SessionEvent.Log(time: time, level: level, text: message, source: source))
  }

  /// `object 7: name: value; …`.
  private static func identification(_ text: String, _ time: WallTime) -> SessionEvent.Identification? {
    guard text.hasPrefix("object "), let colon = text.firstIndex(of: ":"),
      let object = Int(text[text.index(text.startIndex, offsetBy: 7)..<colon])
    else { return nil }
    return SessionEvent.Identification(
      time: time, object: object, findings: String(text[text.index(after: colon)...].drop { $0 == " " }))
  }

  // MARK: Sensors

  private func motion(_ data: ByteBuffer, _ time: WallTime) throws(ProtobufError) -> SessionEvent.Motion {
    var motion = SessionEvent.Motion(time: time, accelerometer: .zero, gyroscope: .zero)
    for field in try ProtobufReader.fields(of: data) {
      guard let bytes = field.bytes else { continue }
      switch field.number {
      case 3: motion.gyroscope = try Self.vector(bytes)
      case 4: motion.accelerometer = try Self.vector(bytes)
      case 5: motion.magnetometer = try Self.vector(bytes)
      case 6:
        let q = try Self.numbers(bytes, 4)
        motion.orientation = SIMD4(q[0], q[1], q[2], q[3])
      default: break
      }
    }
    return motion
  }

  private func location(_ data: ByteBuffer, _ time: WallTime) throws(ProtobufError) -> SessionEvent.Location? {
    let fields = try ProtobufReader.fields(of: data)
    func double(_ number: Int) -> Double? { fields.last { $0.number == number }?.double }
    let (latitude, longitude, altitude) = (double(1) ?? 0, double(2) ?? 0, double(3))
    guard latitude.isFinite, longitude.isFinite, altitude?.isFinite ?? true else { return nil }
    let covariance = fields.last { $0.number == 4 }?.bytes
    let variance = covariance.flatMap { $0.getInteger(at: $0.readerIndex, endianness: .little, as: UInt64.self) }
    var velocity: SIMD3<Double>?
    if let bytes = fields.last(where: { $0.number == 11 })?.bytes { velocity = try Self.vector(bytes) }
    return SessionEvent.Location(
      time: time, latitudeDegrees: latitude, longitudeDegrees: longitude, altitudeMetres: altitude,
      // The other way round of what records it: the radius of 68 % of two axes that deviate equally.
      accuracyMetres: variance.map { max(0, Double(bitPattern: $0)).squareRoot() * 1.51 },
      headingDegrees: double(10).map { $0 * 180 / .pi },
      speedMPerSec: velocity.map { ($0.x * $0.x + $0.y * $0.y).squareRoot() })
  }

  // MARK: Points

  private func cloud(_ data: ByteBuffer) throws(ProtobufError) -> PointCloud {
    var (stride, places, bytes) = (0, [String: Int](), ByteBuffer())
    for field in try ProtobufReader.fields(of: data) {
      switch (field.number, field.value) {
      case (4, .fixed32(let value)): stride = Int(value)
      case (5, .bytes(let content)):
        let parts = try ProtobufReader.fields(of: content)
        guard let name = parts.last(where: { $0.number == 1 })?.text else { break }
        var offset = 0
        if case .fixed32(let value)? = parts.last(where: { $0.number == 2 })?.value { offset = Int(value) }
        places[name] = offset
      case (6, .bytes(let content)): bytes = content
      default: break
      }
    }
    guard let x = places["x"], let y = places["y"], let z = places["z"], stride >= 12, bytes.readableBytes >= stride
    else { return PointCloud() }
    let (red, green, blue) = (places["red"], places["green"], places["blue"])
    var cloud = PointCloud()
    cloud.points.reserveCapacity(bytes.readableBytes / stride)
    var start = bytes.readerIndex
    while start + stride <= bytes.writerIndex {
      func float(_ offset: Int) -> Float {
        Float(bitPattern: bytes.getInteger(at: start + offset, endianness: .little) ?? 0)
      }
      func colour(_ offset: Int?) -> UInt8 { offset.flatMap { bytes.getInteger(at: start + $0) } ?? 255 }
      cloud.points.append(
        PointCloud.Point(
          position: SIMD3(float(x), float(y), float(z)), colour: SIMD3(colour(red), colour(green), colour(blue))))
      start += stride
    }
    return cloud
  }

  // MARK: Numbers

  static func vector(_ data: ByteBuffer) throws(ProtobufError) -> SIMD3<Double> {
    let numbers = try numbers(data, 3)
    return SIMD3(numbers[0], numbers[1], numbers[2])
  }

  /// Fields 1 to `count`; those that are missing are 0.
  static func numbers(_ data: ByteBuffer, _ count: Int) throws(ProtobufError) -> [Double] {
    var numbers = [Double](repeating: 0, count: count)
    for field in try ProtobufReader.fields(of: data) where (1...count).contains(field.number) {
      numbers[field.number - 1] = field.double ?? 0
    }
    return numbers
  }
}
