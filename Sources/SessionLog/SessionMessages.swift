public import BusMessages
public import CodedMedia
import FoxgloveSchemas
import Geometry
public import MediaModel
import NIOCore
public import SessionEvents

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Turns what a stream and the bus bring, or the events of a session, into the messages of its MCAP file. Pure: the same
/// input gives the same messages.
public struct SessionMessages: Sendable {
  /// What is to be taken from the bus.
  public static let topics = SessionEventReader.topics

  private var reader: SessionEventReader
  private var path = ThinnedPath<SIMD3<Double>>()
  private var latestPose: SessionEvent.Pose?

  /// - Parameter stream: messages of other streams are left out.
  public init(stream: String) { reader = SessionEventReader(stream: stream) }

  // MARK: What comes in

  /// The message of the next access unit; `nil`: it is left out, as no viewer takes it.
  public mutating func message(of unit: AccessUnit) -> SessionMessage? {
    reader.event(of: unit).flatMap { messages(of: $0).first }
  }

  /// Units were lost: the video goes on at the next key frame.
  public mutating func videoWasCut() { _ = reader.videoWasCut() }

  /// The messages that a message of the bus becomes; none where it is of another stream, or cannot be read.
  ///
  /// - Parameter now: the time of what has none.
  public mutating func messages(of message: BusMessage, at now: WallTime) -> [SessionMessage] {
    reader.events(of: message, at: now).flatMap { messages(of: $0) }
  }

  /// The messages that an event becomes; none where the file does not say it.
  public mutating func messages(of event: SessionEvent) -> [SessionMessage] {
    switch event {
    case .video(let video):
      [
        SessionMessage(
          .video, video.time,
          Foxglove.CompressedVideo(timestamp: video.time, frameID: SessionFrame.camera, data: video.data))
      ]
    case .objects(let objects): [SessionMessage(.annotations, objects.time, Self.annotations(objects))]
    case .pose(let pose): messages(of: pose)
    case .points(let time, let cloud): [SessionMessage(.points, time, Self.points(cloud, time))]
    case .motion(let motion):
      [
        SessionMessage(
          .imu, motion.time,
          IMUMessage(
            timestamp: motion.time, frameID: SessionFrame.imu, angularVelocity: motion.gyroscope,
            linearAcceleration: motion.accelerometer, magneticField: motion.magnetometer,
            orientation: motion.orientation))
      ]
    case .location(let location): [SessionMessage(.location, location.time, Self.fix(location))]
    case .identification(let result):
      [
        SessionMessage(
          .log, result.time,
          Foxglove.Log(
            timestamp: result.time, level: .info, message: "object \(result.object): \(result.findings)",
            name: "identification"))
      ]
    case .log(let log):
      [
        SessionMessage(
          .log, log.time,
          Foxglove.Log(timestamp: log.time, level: Self.level(log.level), message: log.text, name: log.source))
      ]
    case .places(let places, let time): [SessionMessage(.objects, time, Self.scene(places, time))]
    case .camera(let camera): [SessionMessage(.calibration, camera.time, Self.calibration(camera))]
    case .videoWasCut: []
    }
  }

  private static func level(_ level: SessionEvent.Log.Level) -> Foxglove.Log.Level {
    switch level {
    case .info: .info
    case .warning: .warning
    case .error: .error
    }
  }

  // MARK: Where the camera is

  private mutating func messages(of pose: SessionEvent.Pose) -> [SessionMessage] {
    let position = pose.worldFromCamera.translation
    let placed = Foxglove.Pose(position: position, orientation: pose.worldFromCamera.rotation.quaternion)
    // The state comes first, so that whoever reads in order knows it when the pose comes.
    var messages = [
      SessionMessage(
        .poseState, pose.time,
        PoseStateMessage(
          timestamp: pose.time, frameID: SessionFrame.world, map: Int64(pose.map), isMetric: pose.isMetric,
          isKeyFrame: pose.isKeyFrame)),
      SessionMessage(
        .transform, pose.time,
        Foxglove.FrameTransform(
          timestamp: pose.time, parentFrameID: SessionFrame.world, childFrameID: SessionFrame.camera,
          parentFromChild: placed)),
      SessionMessage(
        .pose, pose.time, Foxglove.PoseInFrame(timestamp: pose.time, frameID: SessionFrame.world, pose: placed)),
    ]
    // A pose in other axes begins a new line.
    if let latestPose, !latestPose.isComparable(to: pose) { path.restart() }
    latestPose = pose
    if path.add(position, at: pose.time) {
      messages.append(SessionMessage(.path, pose.time, line(at: pose.time)))
    }
    return messages
  }

  private func line(at time: WallTime) -> Foxglove.SceneUpdate {
    let line = Foxglove.LinePrimitive(
      thickness: 2, isScaleInvariant: true, points: path.points, color: Foxglove.Color(1, 0.6, 0))
    return Foxglove.SceneUpdate(
      entities: [
        Foxglove.SceneEntity(
          timestamp: time, frameID: SessionFrame.world, id: "path", metadata: [.init("map", "\(latestPose?.map ?? 0)")],
          lines: [line])
      ])
  }

  private static func calibration(_ camera: SessionEvent.Camera) -> Foxglove.CameraCalibration {
    let (model, numbers): (String, [Double]) =
      switch camera.distortion {
      case .none: ("plumb_bob", [0, 0, 0, 0, 0])
      // k1, k2, p1, p2, k3.
      case .radialTangential(let k): ("plumb_bob", [k.x, k.y, k.z, k.w, 0])
      case .fisheye(let k): ("kannala_brandt", [k.x, k.y, k.z, k.w])
      }
    return Foxglove.CameraCalibration(
      timestamp: camera.time, frameID: SessionFrame.camera, width: camera.resolution.width,
      height: camera.resolution.height, focalLength: camera.focalLength, principalPoint: camera.principalPoint,
      distortionModel: model, distortion: numbers)
  }

  private static func fix(_ location: SessionEvent.Location) -> Foxglove.LocationFix {
    // 68 % within the radius: of two independent axes, each deviates by radius / 1.51. Source: the Rayleigh
    // distribution, 1 − exp(−r²/2σ²) = 0.68. Of the height nothing is known; three times as much is usual.
    let variance = location.accuracyMetres.map { ($0 / 1.51) * ($0 / 1.51) }
    return Foxglove.LocationFix(
      timestamp: location.time, frameID: SessionFrame.gps, latitudeDegrees: location.latitudeDegrees,
      longitudeDegrees: location.longitudeDegrees, altitudeMetres: location.altitudeMetres ?? 0,
      positionCovariance: variance.map { [$0, 0, 0, 0, $0, 0, 0, 0, 9 * $0] } ?? [],
      covarianceType: variance == nil ? .unknown : .approximated,
      headingRadians: location.headingDegrees.map { $0 * .pi / 180 }, velocity: velocity(location),
      color: Foxglove.Color(0.2, 0.6, 1))
  }

  /// East, north, up, m/s. Without a heading the speed counts as one to the north; nothing is known of the climb.
  private static func velocity(_ location: SessionEvent.Location) -> SIMD3<Double>? {
    guard let speed = location.speedMPerSec else { return nil }
    let heading = (location.headingDegrees ?? 0) * .pi / 180
    return SIMD3(speed * sin(heading), speed * cos(heading), 0)
  }

  // MARK: What it sees

  private static func annotations(_ found: SessionEvent.Objects) -> Foxglove.ImageAnnotations {
    var annotations = Foxglove.ImageAnnotations(timestamp: found.time)
    for object in found.objects {
      // Results have hundredths of a pixel.
      let box = (SIMD4<Double>(object.box) * 100).rounded(.toNearestOrAwayFromZero) / 100
      let color = color(of: object.id)
      annotations.points.append(
        Foxglove.PointsAnnotation(
          timestamp: found.time, shape: .lineLoop,
          points: [SIMD2(box.x, box.y), SIMD2(box.z, box.y), SIMD2(box.z, box.w), SIMD2(box.x, box.w)],
          outlineColor: color, thickness: 2,
          metadata: [
            .init("id", "\(object.id)"), .init("label", object.label), .init("score", "\(object.score)"),
          ]))
      annotations.texts.append(
        Foxglove.TextAnnotation(
          timestamp: found.time, position: SIMD2(box.x, box.y), text: "\(object.label) \(object.id)", fontSize: 16,
          textColor: Foxglove.Color(1, 1, 1), backgroundColor: color))
    }
    return annotations
  }

  /// Six colours far from each other, in turn.
  static func color(of id: Int) -> Foxglove.Color {
    let colors = [
      Foxglove.Color(0.90, 0.30, 0.24), Foxglove.Color(0.18, 0.80, 0.44), Foxglove.Color(0.20, 0.60, 0.86),
      Foxglove.Color(0.95, 0.77, 0.06), Foxglove.Color(0.61, 0.35, 0.71), Foxglove.Color(0.10, 0.74, 0.61),
    ]
    return colors[Int(id.magnitude % UInt(colors.count))]
  }

  /// 16 bytes a point: 3 × Float32, red, green, blue, alpha.
  private static func points(_ cloud: BusMessages.PointCloud, _ time: WallTime) -> Foxglove.PointCloud {
    var data = ByteBufferAllocator().buffer(capacity: cloud.points.count * 16)
    for point in cloud.points {
      data.writeMultipleIntegers(
        point.position.x.bitPattern, point.position.y.bitPattern, point.position.z.bitPattern, endianness: .little)
      data.writeMultipleIntegers(point.colour.x, point.colour.y, point.colour.z, 255 as UInt8)
    }
    return Foxglove.PointCloud(
      timestamp: time, frameID: SessionFrame.world, pointStride: 16, fields: Foxglove.PointCloud.colouredFields,
      data: data)
  }
}
