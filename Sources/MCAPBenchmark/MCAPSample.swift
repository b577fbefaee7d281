import Compression
import FoxgloveSchemas
import MCAP
import MediaModel
public import NIOCore
import ProtobufWire

/// A small file with every kind of message and record, for other readers to be tried with.
public enum MCAPSample {
  /// - Parameter compression: `nil`: none.
  /// - Returns: the file; the same in every run.
  public static func file(compression name: String?) throws -> ByteBuffer {
    var options = MCAPWriterOptions()
    options.chunkBytes = 16 << 10
    options.compression = ChunkCompression.all().first { $0.name == name }
    var writer = MCAPWriter(options)
    var file = writer.start()
    let start = WallTime(nanosSince1970: 1_700_000_000_000_000_000)
    var channels: [String: UInt16] = [:]
    for index in 0..<30 {
      let nanos = Int64(index) * 100_000_000
      let time = start.advanced(by: Nanoseconds(nanos))
      for (topic, message) in messages(index, at: time) {
        let type = type(of: message)
        if channels[topic] == nil {
          let schema = try writer.addSchema(name: type.fullName, encoding: "protobuf", data: type.file.descriptorSet)
          channels[topic] = try writer.addChannel(topic: topic, schemaID: schema, messageEncoding: "protobuf")
        }
        let piece = try writer.add(to: channels[topic] ?? 0, logTime: time, at: HostTime(nanos: nanos)) {
          message.encode(to: &$0)
        }
        if let piece { file.writeImmutableBuffer(piece) }
      }
    }
    file.writeImmutableBuffer(
      writer.add(
        MCAPAttachment(
          logTime: UInt64(start.nanosSince1970), createTime: UInt64(start.nanosSince1970), name: "note.txt",
          mediaType: "text/plain", data: ByteBuffer(string: "a note"))))
    file.writeImmutableBuffer(writer.add(MCAPMetadata(name: "session", values: ["stream": "drone"])))
    file.writeImmutableBuffer(writer.finish())
    return file
  }

  private static func messages(_ index: Int, at time: WallTime) -> [(String, any ProtobufMessage)] {
    let value = Double(index)
    let pose = Foxglove.Pose(position: SIMD3(value, 0.5, -1), orientation: SIMD4(0, 0, 0.6, 0.8))
    let red = Foxglove.Color(1, 0, 0)
    return [
      (
        "/camera/video",
        Foxglove.CompressedVideo(
          timestamp: time, frameID: "camera", data: [ByteBuffer(bytes: [0, 0, 0, 1, 0x65, UInt8(index)])])
      ),
      (
        "/camera/calibration",
        Foxglove.CameraCalibration(
          timestamp: time, frameID: "camera", width: 1_280, height: 720, focalLength: SIMD2(900, 901),
          principalPoint: SIMD2(640, 360))
      ),
      (
        "/tf",
        Foxglove.FrameTransform(
          timestamp: time, parentFrameID: "world", childFrameID: "camera", parentFromChild: pose)
      ),
      ("/camera/pose", Foxglove.PoseInFrame(timestamp: time, frameID: "world", pose: pose)),
      (
        "/camera/pose_state",
        PoseStateMessage(timestamp: time, frameID: "world", map: 2, isMetric: true, isKeyFrame: index == 0)
      ),
      (
        "/points",
        Foxglove.PointCloud(
          timestamp: time, frameID: "world", pointStride: 16, fields: Foxglove.PointCloud.colouredFields,
          data: ByteBuffer(repeating: UInt8(index), count: 1_600))
      ),
      (
        "/gps",
        Foxglove.LocationFix(
          timestamp: time, frameID: "gps", latitudeDegrees: 47 + value / 1_000, longitudeDegrees: 8,
          altitudeMetres: 400, positionCovariance: [1, 0, 0, 0, 1, 0, 0, 0, 4], covarianceType: .approximated,
          headingRadians: 0, velocity: SIMD3(1, 2, 3), color: red, metadata: [.init("source", "phone")])
      ),
      ("/scene", scene(index, at: time, pose, red)),
      ("/camera/annotations", annotations(index, at: time, red)),
      (
        "/log",
        Foxglove.Log(timestamp: time, level: .warning, message: "line \(index)", name: "sample", file: "f", line: 3)
      ),
      (
        "/imu",
        IMUMessage(
          timestamp: time, frameID: "imu", angularVelocity: SIMD3(0.1, 0.2, value),
          linearAcceleration: SIMD3(0, 0, 9.81), magneticField: SIMD3(20, 0, -40), orientation: SIMD4(0, 0, 0, 1))
      ),
    ]
  }

  private static func scene(
    _ index: Int, at time: WallTime, _ pose: Foxglove.Pose, _ red: Foxglove.Color
  ) -> Foxglove.SceneUpdate {
    let entity = Foxglove.SceneEntity(
      timestamp: time, frameID: "world", id: "path", lifetime: .seconds(1.5), isFrameLocked: true,
      metadata: [.init("map", "0")],
      cubes: [Foxglove.CubePrimitive(pose: pose, size: SIMD3(1, 2, 3), color: red)],
      spheres: [Foxglove.SpherePrimitive(pose: pose, size: SIMD3(1, 1, 1), color: red)],
      lines: [
        Foxglove.LinePrimitive(
          shape: .lineLoop, thickness: 2, isScaleInvariant: true,
          points: (0...index).map { SIMD3(Double($0), 1, 2) }, color: red)
      ],
      texts: [
        Foxglove.TextPrimitive(pose: pose, fontSize: 12, isScaleInvariant: true, color: red, text: "here")
      ])
    return Foxglove.SceneUpdate(
      deletions: [Foxglove.SceneEntityDeletion(timestamp: time, kind: .all)], entities: [entity])
  }

  private static func annotations(_ index: Int, at time: WallTime, _ red: Foxglove.Color) -> Foxglove.ImageAnnotations {
    let (x, y) = (Double(index), 20.0)
    return Foxglove.ImageAnnotations(
      timestamp: time,
      circles: [
        Foxglove.CircleAnnotation(
          timestamp: time, position: SIMD2(x, y), diameter: 5, thickness: 1, fillColor: red, outlineColor: red)
      ],
      points: [
        Foxglove.PointsAnnotation(
          timestamp: time, shape: .lineLoop, points: [SIMD2(x, y), SIMD2(x + 10, y), SIMD2(x, y + 10)],
          outlineColor: red, fillColor: red, thickness: 2, metadata: [.init("id", "1")])
      ],
      texts: [
        Foxglove.TextAnnotation(
          timestamp: time, position: SIMD2(x, y), text: "person 1", fontSize: 12, textColor: red,
          backgroundColor: Foxglove.Color(0, 0, 0, 0.5))
      ],
      metadata: [.init("frame", "\(index)")])
  }
}
