public import BusMessages
public import CodedMedia
import FoxgloveSchemas
import Geometry
public import MediaModel
import NIOCore
import TelemetryProtocol

/// Turns what a stream and the bus bring into the events of one session. Pure: the same input gives the same events.
public struct SessionEventReader: Sendable {
  /// What is to be taken from the bus.
  public static let topics: Set<Topic> = [
    .imuData, .slamResults, .processedFrames, .identificationResults, .pointClouds, .worldObjects, .events,
  ]
  /// Objects of one list at most; further ones are left out.
  public static let placeLimit = 256

  private let stream: String
  private var clock = FrameClock()
  private var video = VideoMessages(frameID: "")
  private var camera: SessionEvent.Camera?

  /// - Parameter stream: messages of other streams are left out.
  public init(stream: String) { self.stream = stream }

  // MARK: Video

  /// The event of the next access unit; `nil`: it is left out, as no viewer takes it.
  public mutating func event(of unit: AccessUnit) -> SessionEvent? {
    clock.add(unit.capturedAt)
    return video.message(of: unit).map { message in
      .video(
        SessionEvent.Video(
          time: unit.capturedAt, frame: Int(clamping: unit.sequence), isKeyFrame: unit.isKeyFrame, data: message.data,
          resolution: unit.parameterSets.resolution))
    }
  }

  /// Units were lost: the video goes on at the next key frame.
  public mutating func videoWasCut() -> SessionEvent {
    video.restart()
    return .videoWasCut
  }

  // MARK: The bus

  /// The events that a message of the bus is; none where it is of another stream, or cannot be read.
  ///
  /// - Parameter now: the time of what has none.
  public mutating func events(of message: BusMessage, at now: WallTime) -> [SessionEvent] {
    switch message.topic {
    case .imuData: samples(in: message)
    case .slamResults: (try? CameraPose(message.body)).map { events(of: $0, in: message) } ?? []
    case .processedFrames:
      (try? ProcessedFrame(message.body)).flatMap { objects($0, in: message) }.map { [.objects($0)] } ?? []
    case .identificationResults:
      (try? IdentificationResult(message.body)).flatMap { identification($0, in: message) }.map {
        [.identification($0)]
      } ?? []
    case .pointClouds: points(in: message, at: now).map { [$0] } ?? []
    case .worldObjects:
      (try? WorldObjects(message.body)).flatMap { places($0, in: message, at: now) }.map { [$0] } ?? []
    case .events: (try? LifecycleEvent(message.body)).flatMap { log($0) }.map { [.log($0)] } ?? []
    default: []
    }
  }

  /// What names no stream is everybody's.
  private func isOurs(_ name: String?) -> Bool { name == nil || name == stream }

  private func header(_ name: String, of message: BusMessage) -> String? {
    guard case .text(let text)? = message.headers[name] else { return nil }
    return text
  }

  private func capturedAt(_ message: BusMessage) -> WallTime? {
    header(BusHeader.capturedAt, of: message).flatMap(Int64.init).map(WallTime.init(nanosSince1970:))
  }

  /// When a body was captured: what it rounds to seconds the header has exactly.
  private func time(_ seconds: Double, of message: BusMessage) -> WallTime? {
    clock.time(seconds, exact: capturedAt(message))
  }

  private func samples(in message: BusMessage) -> [SessionEvent] {
    guard header(BusHeader.stream, of: message) == stream, let time = capturedAt(message),
      let object = try? JSONObject(message.body), let read = try? TelemetryProtocol.IMUMessage(object)
    else { return [] }
    var events: [SessionEvent] = []
    if let accelerometer = read.accelerometer, let gyroscope = read.gyroscope {
      events.append(
        .motion(
          SessionEvent.Motion(
            time: time, accelerometer: accelerometer, gyroscope: gyroscope, magnetometer: read.magnetometer,
            orientation: read.attitude.map { SIMD4($0[1], $0[2], $0[3], $0[0]) })))
    }
    if let gps = read.gps {
      events.append(
        .location(
          SessionEvent.Location(
            time: time, latitudeDegrees: gps.latitudeDegrees, longitudeDegrees: gps.longitudeDegrees,
            altitudeMetres: gps.altitudeMetres, accuracyMetres: gps.accuracyMetres.flatMap { $0 >= 0 ? $0 : nil },
            headingDegrees: gps.headingDegrees.flatMap { $0 >= 0 ? $0 : nil },
            speedMPerSec: gps.speedMPerSec.flatMap { $0 >= 0 ? $0 : nil })))
    }
    return events
  }

  /// The pose, and the camera in front of it where it is news.
  private mutating func events(of pose: CameraPose, in message: BusMessage) -> [SessionEvent] {
    guard isOurs(pose.stream), let time = time(pose.timestamp, of: message) else { return [] }
    var events: [SessionEvent] = []
    if let told = pose.camera.flatMap({ SessionEvent.Camera($0, at: time) }), camera?.maps(as: told) != true {
      camera = told
      events.append(.camera(told))
    }
    if let pose = self.pose(pose, at: time) { events.append(.pose(pose)) }
    return events
  }

  private func pose(_ pose: CameraPose, at time: WallTime) -> SessionEvent.Pose? {
    guard let rows = pose.pose, rows.count == 4,
      rows.allSatisfy({ $0.count == 4 && $0.allSatisfy(\.isFinite) })
    else { return nil }
    let vectors = rows.prefix(3).map { SIMD3($0[0], $0[1], $0[2]) }
    let matrix = Matrix3(rows: vectors[0], vectors[1], vectors[2])
    let columns = [matrix.columns.0, matrix.columns.1, matrix.columns.2]
    // A matrix that is no rotation gives none.
    let isRotation = columns.allSatisfy { abs(($0 * $0).sum() - 1) < 0.1 }
    return SessionEvent.Pose(
      time: time, frame: pose.frameNumber,
      worldFromCamera: SE3(
        rotation: isRotation ? SO3(matrix: matrix) : .identity, translation: SIMD3(rows[0][3], rows[1][3], rows[2][3])),
      map: pose.map ?? 0, isMetric: pose.scale == .trustworthy, isKeyFrame: pose.isKeyframe)
  }

  private func objects(_ frame: ProcessedFrame, in message: BusMessage) -> SessionEvent.Objects? {
    guard isOurs(frame.stream), let time = time(frame.timestamp, of: message) else { return nil }
    let objects = frame.objects.compactMap { object -> TrackedObject? in
      guard object.box.count == 4, object.box.allSatisfy(\.isFinite) else { return nil }
      let box = SIMD4(object.box.map { Float($0) })
      return TrackedObject(
        id: object.id, label: object.label, score: Float(object.score), box: box, mask: Self.mask(object.mask),
        sighting: object.sighting.flatMap(TrackedObject.Sighting.init) ?? .measured)
    }
    return SessionEvent.Objects(time: time, frame: frame.frameNumber, objects: objects)
  }

  /// Sides of a picture that H.264 can have.
  private static let longestSide = 16_384

  private static func mask(_ mask: ProcessedFrame.Mask?) -> RunLengthMask? {
    guard let mask, mask.size.count == 2, mask.size.allSatisfy({ (1...longestSide).contains($0) }) else { return nil }
    return RunLengthMask(resolution: Resolution(width: mask.size[1], height: mask.size[0]), counts: mask.counts)
  }

  private func identification(
    _ result: IdentificationResult, in message: BusMessage
  ) -> SessionEvent.Identification? {
    guard let time = time(result.timestamp, of: message) else { return nil }
    let findings = result.results.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" }
    return SessionEvent.Identification(
      time: time, object: result.objectID, findings: findings.joined(separator: "; "))
  }

  private func log(_ event: LifecycleEvent) -> SessionEvent.Log? {
    guard isOurs(event.stream), let time = clock.time(event.timestamp) else { return nil }
    let words = [event.type.rawValue, event.stream, event.peer, event.transport, event.reason, event.path]
    return SessionEvent.Log(
      time: time, level: event.type == .sessionEnded && event.reason == "incomplete" ? .error : .info,
      text: words.compactMap(\.self).joined(separator: " "), source: event.node)
  }

  private func places(_ list: WorldObjects, in message: BusMessage, at now: WallTime) -> SessionEvent? {
    guard isOurs(list.stream ?? header(BusHeader.stream, of: message)) else { return nil }
    let places = list.objects.prefix(Self.placeLimit).compactMap(SessionEvent.Place.init)
    return .places(places, capturedAt(message) ?? now)
  }

  private func points(in message: BusMessage, at now: WallTime) -> SessionEvent? {
    guard isOurs(header(BusHeader.stream, of: message)), let cloud = PointCloud(ply: message.body) else { return nil }
    return .points(capturedAt(message) ?? now, cloud)
  }
}
