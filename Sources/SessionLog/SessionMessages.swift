public import BusMessages
public import CodedMedia
import FoxgloveSchemas
import Geometry
public import MediaModel
import NIOCore
import TelemetryProtocol

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Turns what a stream and the bus bring into the messages of one session. Pure: the same input gives the same messages.
public struct SessionMessages: Sendable {
  /// What is to be taken from the bus.
  public static let topics: Set<Topic> = [
    .imuData, .slamResults, .processedFrames, .identificationResults, .pointClouds, .events,
  ]
  /// Capture times that are kept, so that results name exactly that of their frame: 17 s at 30 frames a second.
  private static let keptTimes = 512
  /// How far a time may be off that went through JSON as seconds.
  private static let timeTolerance = Nanoseconds(2_000)

  private let stream: String
  private var video = VideoMessages(frameID: SessionFrame.camera)
  private var frameTimes: [WallTime] = []
  private var nextFrameTime = 0
  private var path = SessionPath()

  /// - Parameter stream: messages of other streams are left out.
  public init(stream: String) { self.stream = stream }

  /// Access units that are not in the video: in front of the first key frame, or shown before one in front of them.
  public var unitsLeftOut: Int { video.leftOut }

  // MARK: Video

  /// The message of the next access unit.
  public mutating func message(of unit: AccessUnit) -> SessionMessage? {
    if frameTimes.count < Self.keptTimes {
      frameTimes.append(unit.capturedAt)
    } else {
      frameTimes[nextFrameTime] = unit.capturedAt
      nextFrameTime = (nextFrameTime + 1) % Self.keptTimes
    }
    return video.message(of: unit).map { SessionMessage(.video, unit.capturedAt, $0) }
  }

  /// Units were lost: the video goes on at the next key frame.
  public mutating func videoWasCut() { video.restart() }

  // MARK: The bus

  /// The messages that a message of the bus becomes; none where it is of another stream, or cannot be read.
  ///
  /// - Parameter now: the time of what has none.
  public mutating func messages(of message: BusMessage, at now: WallTime) -> [SessionMessage] {
    switch message.topic {
    case .imuData: samples(in: message)
    case .slamResults: (try? CameraPose(message.body)).map { messages(of: $0) } ?? []
    case .processedFrames: (try? ProcessedFrame(message.body)).map { messages(of: $0) } ?? []
    case .identificationResults: (try? IdentificationResult(message.body)).map { messages(of: $0) } ?? []
    case .pointClouds: isOurs(header(BusHeader.stream, of: message)) ? cloud(in: message, at: now) : []
    case .events: (try? LifecycleEvent(message.body)).map { messages(of: $0) } ?? []
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

  /// Seconds as a time: that of the frame that they are of, where one is known.
  private func time(_ seconds: Double) -> WallTime? {
    guard seconds >= 0, seconds < 9e9 else { return nil }
    let time = WallTime(nanosSince1970: Int64((seconds * 1e9).rounded()))
    let nearest = frameTimes.min { abs($0.since(time).value) < abs($1.since(time).value) }
    guard let nearest, abs(nearest.since(time).value) <= Self.timeTolerance.value else { return time }
    return nearest
  }

  private func samples(in message: BusMessage) -> [SessionMessage] {
    guard header(BusHeader.stream, of: message) == stream, let time = capturedAt(message),
      let object = try? JSONObject(message.body), let read = try? TelemetryProtocol.IMUMessage(object)
    else { return [] }
    var messages: [SessionMessage] = []
    if let accelerometer = read.accelerometer, let gyroscope = read.gyroscope {
      let sample = FoxgloveSchemas.IMUMessage(
        timestamp: time, frameID: SessionFrame.imu, angularVelocity: gyroscope, linearAcceleration: accelerometer,
        magneticField: read.magnetometer,
        orientation: read.attitude.map { SIMD4($0[1], $0[2], $0[3], $0[0]) })
      messages.append(SessionMessage(.imu, time, sample))
    }
    if let gps = read.gps { messages.append(SessionMessage(.location, time, fix(gps, at: time))) }
    return messages
  }

  private func fix(_ gps: PhonePosition, at time: WallTime) -> Foxglove.LocationFix {
    let accuracy = gps.accuracyMetres.flatMap { $0 >= 0 ? $0 : nil }
    // 68 % within the radius: of two independent axes, each deviates by radius / 1.51. Source: the Rayleigh
    // distribution, 1 − exp(−r²/2σ²) = 0.68. Of the height nothing is known; three times as much is usual.
    let variance = accuracy.map { ($0 / 1.51) * ($0 / 1.51) }
    return Foxglove.LocationFix(
      timestamp: time, frameID: SessionFrame.gps, latitudeDegrees: gps.latitudeDegrees,
      longitudeDegrees: gps.longitudeDegrees, altitudeMetres: gps.altitudeMetres ?? 0,
      positionCovariance: variance.map { [$0, 0, 0, 0, $0, 0, 0, 0, 9 * $0] } ?? [],
      covarianceType: variance == nil ? .unknown : .approximated,
      headingRadians: gps.headingDegrees.flatMap { $0 >= 0 ? $0 * .pi / 180 : nil }, velocity: Self.velocity(gps),
      color: Foxglove.Color(0.2, 0.6, 1))
  }

  /// East, north, up, m/s. Without a heading the speed counts as one to the north; nothing is known of the climb.
  private static func velocity(_ gps: PhonePosition) -> SIMD3<Double>? {
    guard let speed = gps.speedMPerSec, speed >= 0 else { return nil }
    let heading = gps.headingDegrees.flatMap { $0 >= 0 ? $0 * .pi / 180 : nil } ?? 0
    return SIMD3(speed * sin(heading), speed * cos(heading), 0)
  }

  private mutating func messages(of pose: CameraPose) -> [SessionMessage] {
    guard isOurs(pose.stream), let time = time(pose.timestamp), let rows = pose.pose, rows.count == 4,
      rows.allSatisfy({ $0.count == 4 && $0.allSatisfy(\.isFinite) })
    else { return [] }
    let vectors = rows.prefix(3).map { SIMD3($0[0], $0[1], $0[2]) }
    let worldFromCamera = Foxglove.Pose(
      position: SIMD3(rows[0][3], rows[1][3], rows[2][3]),
      orientation: Self.quaternion(Matrix3(rows: vectors[0], vectors[1], vectors[2])))
    var messages = [
      SessionMessage(
        .transform, time,
        Foxglove.FrameTransform(
          timestamp: time, parentFrameID: SessionFrame.world, childFrameID: SessionFrame.camera,
          parentFromChild: worldFromCamera)),
      SessionMessage(
        .pose, time, Foxglove.PoseInFrame(timestamp: time, frameID: SessionFrame.world, pose: worldFromCamera)),
    ]
    if let update = path.add(worldFromCamera.position, at: time, map: pose.map ?? 0) {
      messages.append(SessionMessage(.path, time, update))
    }
    return messages
  }

  /// A matrix that is no rotation gives none.
  private static func quaternion(_ matrix: Matrix3) -> SIMD4<Double> {
    let columns = [matrix.columns.0, matrix.columns.1, matrix.columns.2]
    guard columns.allSatisfy({ abs(($0 * $0).sum() - 1) < 0.1 }) else { return SIMD4(0, 0, 0, 1) }
    return SO3(matrix: matrix).quaternion
  }

  private func messages(of result: IdentificationResult) -> [SessionMessage] {
    guard let time = time(result.timestamp) else { return [] }
    let findings = result.results.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" }
    return [
      SessionMessage(
        .log, time,
        Foxglove.Log(
          timestamp: time, level: .info, message: "object \(result.objectID): \(findings.joined(separator: "; "))",
          name: "identification"))
    ]
  }

  private func messages(of event: LifecycleEvent) -> [SessionMessage] {
    guard isOurs(event.stream), let time = time(event.timestamp) else { return [] }
    let words = [event.type.rawValue, event.stream, event.peer, event.transport, event.reason, event.path]
    return [
      SessionMessage(
        .log, time,
        Foxglove.Log(
          timestamp: time, level: event.type == .sessionEnded && event.reason == "incomplete" ? .error : .info,
          message: words.compactMap(\.self).joined(separator: " "), name: event.node))
    ]
  }

  // MARK: Objects

  private func messages(of frame: ProcessedFrame) -> [SessionMessage] {
    guard isOurs(frame.stream), let time = time(frame.timestamp) else { return [] }
    var annotations = Foxglove.ImageAnnotations(timestamp: time)
    for object in frame.objects where object.box.count == 4 && object.box.allSatisfy(\.isFinite) {
      let (left, top, right, bottom) = (object.box[0], object.box[1], object.box[2], object.box[3])
      let color = Self.color(of: object.id)
      annotations.points.append(
        Foxglove.PointsAnnotation(
          timestamp: time, shape: .lineLoop,
          points: [SIMD2(left, top), SIMD2(right, top), SIMD2(right, bottom), SIMD2(left, bottom)],
          outlineColor: color, thickness: 2,
          metadata: [
            .init("id", "\(object.id)"), .init("label", object.label), .init("score", "\(object.score)"),
          ]))
      annotations.texts.append(
        Foxglove.TextAnnotation(
          timestamp: time, position: SIMD2(left, top), text: "\(object.label) \(object.id)", fontSize: 16,
          textColor: Foxglove.Color(1, 1, 1), backgroundColor: color))
    }
    return [SessionMessage(.annotations, time, annotations)]
  }

  /// Six colours far from each other, in turn.
  private static func color(of id: Int) -> Foxglove.Color {
    let colors = [
      Foxglove.Color(0.90, 0.30, 0.24), Foxglove.Color(0.18, 0.80, 0.44), Foxglove.Color(0.20, 0.60, 0.86),
      Foxglove.Color(0.95, 0.77, 0.06), Foxglove.Color(0.61, 0.35, 0.71), Foxglove.Color(0.10, 0.74, 0.61),
    ]
    return colors[Int(id.magnitude % UInt(colors.count))]
  }

  // MARK: Points

  private func cloud(in message: BusMessage, at now: WallTime) -> [SessionMessage] {
    guard let data = ColouredPoints.data(ofPLY: message.body) else { return [] }
    let time = capturedAt(message) ?? now
    let cloud = Foxglove.PointCloud(
      timestamp: time, frameID: SessionFrame.world, pointStride: 16, fields: Foxglove.PointCloud.colouredFields,
      data: data)
    return [SessionMessage(.points, time, cloud)]
  }
}
