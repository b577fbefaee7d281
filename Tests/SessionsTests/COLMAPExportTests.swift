import BusMessages
import Foundation
import Geometry
import MapFormats
import MCAP
import MediaModel
import NIOCore
import ProtobufWire
import SessionEvents
import SessionLog
import Sessions
import TestSupport
import Testing

@Suite struct COLMAPExportTests {
  private static let start = WallTime(nanosSince1970: 1_700_000_000_000_000_000)
  private static let wide = Resolution(width: 640, height: 360)
  private static let tall = Resolution(width: 360, height: 640)

  private static func camera(
    _ second: Double, focal: Double, width: Int = 1_280, height: Int = 720,
    _ distortion: SessionEvent.Camera.Distortion = .none
  ) -> SessionEvent {
    .camera(
      SessionEvent.Camera(
        time: start.advanced(by: .seconds(second)), focalLength: SIMD2(focal, focal + 2),
        principalPoint: SIMD2(639.5, 363.5), resolution: Resolution(width: width, height: height),
        distortion: distortion))
  }

  /// The head of a JPEG: its start, and a frame header with precision, height, width and no components.
  private static func jpeg(_ size: Resolution) -> Data {
    let sides = [size.height, size.width].flatMap { [UInt8($0 >> 8), UInt8($0 & 0xFF)] }
    return Data([0xFF, 0xD8, 0xFF, 0xC0, 0, 8, 8] + sides + [0])
  }

  /// A session with key frames from 7 on and what its MCAP file says; `nil`: without that file.
  private static func session(
    _ events: [SessionEvent]?, _ sizes: [Resolution], in folder: TemporaryFolder
  ) throws -> SessionFolder {
    let keyFrames = folder.file("s/keyframes")
    try FileManager.default.createDirectory(at: keyFrames, withIntermediateDirectories: true)
    for (index, size) in sizes.enumerated() {
      let number = "00000\(7 + index)".suffix(6)
      try jpeg(size).write(to: keyFrames.appendingPathComponent("keyframe_\(number).jpg"))
      try Data(NumPyFile.bytes(of: .identity)).write(to: keyFrames.appendingPathComponent("pose_\(number).npy"))
    }
    guard let events else { return try SessionFolder(path: folder.path("s")) }
    var writer = MCAPWriter(MCAPWriterOptions())
    var file = writer.start()
    var messages = SessionMessages(stream: "drone")
    for message in events.flatMap({ messages.messages(of: $0) }) {
      let type = message.topic.messageType
      let schema = try writer.addSchema(name: type.fullName, encoding: "protobuf", data: type.file.descriptorSet)
      let channel = try writer.addChannel(topic: message.topic.name, schemaID: schema, messageEncoding: "protobuf")
      let piece = try writer.add(
        to: channel, logTime: message.time, at: HostTime(nanos: message.time.nanosSince1970)
      ) { message.message.encode(to: &$0) }
      if var piece { file.writeBuffer(&piece) }
    }
    var end = writer.finish()
    file.writeBuffer(&end)
    try Data(file.readableBytesView).write(to: folder.file("s/session.mcap"))
    return try SessionFolder(path: folder.path("s"))
  }

  private struct Exported {
    var cameras: [Substring]
    /// The camera of each image.
    var imageCameras: [Substring]
    var points: Int
    var notes: [String]
  }

  private static func exported(
    _ events: [SessionEvent]?, _ sizes: [Resolution] = [wide], camera: CameraDescription? = nil
  ) throws -> Exported {
    let folder = TemporaryFolder()
    var export = SessionExport(try session(events, sizes, in: folder))
    export.camera = camera
    let notes = try export.write([(.colmap, folder.path("out"))])
    func lines(_ name: String) throws -> [Substring] {
      try String(contentsOfFile: folder.path("out/\(name)"), encoding: .utf8).split(separator: "\n")
        .filter { !$0.hasPrefix("#") }
    }
    return Exported(
      cameras: try lines("cameras.txt"), imageCameras: try lines("images.txt").map { $0.split(separator: " ")[8] },
      points: try lines("points3D.txt").count, notes: notes)
  }

  private static func line(_ head: String, _ numbers: [Double]) -> String {
    head + numbers.map { " " + DecimalText.fixed($0, 9) }.joined()
  }

  private static func assumed(_ number: Int, _ size: Resolution) -> String {
    let focal = CameraModel.assumed(width: size.width, height: size.height).focalLength
    let (width, height) = (Double(size.width), Double(size.height))
    return line("\(number) PINHOLE \(size.width) \(size.height)", [focal.x, focal.y, width / 2, height / 2])
  }

  /// COLMAP's pixels begin at the corner: the centre of the recorded pictures is 640, 364 there, half of that here.
  @Test(
    arguments: [
      (.none, "1 PINHOLE 640 360", [401, 402, 320, 182]),
      (.radialTangential(SIMD4(0.1, -0.02, 0.001, 0)), "1 OPENCV 640 360", [401, 402, 320, 182, 0.1, -0.02, 0.001, 0]),
      (.fisheye(SIMD4(0.1, 0, 0.2, -0.3)), "1 OPENCV_FISHEYE 640 360", [401, 402, 320, 182, 0.1, 0, 0.2, -0.3]),
    ] as [(SessionEvent.Camera.Distortion, String, [Double])])
  func theLensIsTheRecordedOne(
    distortion: SessionEvent.Camera.Distortion, head: String, numbers: [Double]
  ) throws {
    let cloud = PointCloud(points: [.init(position: SIMD3(1, -2, 0.5), colour: SIMD3(4, 5, 6))])
    // It was known worse at first; pictures of another shape are not those of the key frames.
    let exported = try Self.exported([
      Self.camera(0, focal: 700), Self.camera(1, focal: 802, distortion), .points(Self.start, cloud),
      Self.camera(2, focal: 900, width: 720, height: 1_280),
    ])
    #expect(exported.cameras == [Self.line(head, numbers)[...]] && exported.imageCameras == ["1"])
    #expect(exported.points == 1 && exported.notes.isEmpty)
  }

  @Test func aLensThatIsGivenComesFirst() throws {
    let given = CameraModel.pinhole(
      PinholeCamera(focalLength: SIMD2(1_000, 1_000), principalPoint: SIMD2(639.5, 359.5), width: 1_280, height: 720))
    let exported = try Self.exported(
      [Self.camera(0, focal: 700), Self.camera(1, focal: 900, width: 720, height: 1_280)], [Self.wide, Self.tall],
      camera: CameraDescription(camera: given))
    // It is none for pictures of another shape, whose lens was recorded.
    #expect(
      exported.cameras == [
        Self.line("1 PINHOLE 640 360", [500, 500, 320, 180])[...],
        Self.line("2 PINHOLE 360 640", [450, 451, 320, 182])[...],
      ])
    #expect(exported.notes.isEmpty)
  }

  @Test func everySizeOfPicturesHasItsCamera() throws {
    let large = Resolution(width: 1_280, height: 720)
    let exported = try Self.exported(
      [Self.camera(0, focal: 802), Self.camera(1, focal: 900, width: 720, height: 1_280)],
      [Self.wide, Self.tall, Self.wide, large])
    #expect(
      exported.cameras == [
        Self.line("1 PINHOLE 640 360", [401, 402, 320, 182])[...],
        Self.line("2 PINHOLE 360 640", [450, 451, 320, 182])[...],
        Self.line("3 PINHOLE 1280 720", [802, 804, 640, 364])[...],
      ])
    #expect(exported.imageCameras == ["1", "2", "1", "3"] && exported.notes.isEmpty)
  }

  @Test func theLensOfOneSizeMayBeAssumed() throws {
    let exported = try Self.exported([Self.camera(0, focal: 802)], [Self.tall, Self.wide])
    #expect(
      exported.cameras == [Self.assumed(1, Self.tall)[...], Self.line("2 PINHOLE 640 360", [401, 402, 320, 182])[...]])
    #expect(exported.notes.count == 1 && exported.notes[0].contains("no lens was recorded"))
  }

  /// A frame each tenth of a second, and its pose.
  private static func frame(_ number: Int, map: Int?) -> [SessionEvent] {
    let time = start.advanced(by: .seconds(Double(number) / 10))
    let video = SessionEvent.video(
      SessionEvent.Video(
        time: time, frame: number, isKeyFrame: false, data: [ByteBuffer(bytes: [0, 0, 1, 0x41, 0x9A])], resolution: wide
      ))
    let pose = map.map { map in
      SessionEvent.pose(
        SessionEvent.Pose(
          time: time, frame: number, worldFromCamera: .identity, map: map, isMetric: false, isKeyFrame: true))
    }
    return [video] + (pose.map { [$0] } ?? [])
  }

  @Test func ofSeveralMapsItIsThatWithMostKeyFrames() throws {
    func cloud(_ count: Int, after frame: Int) -> SessionEvent {
      let point = PointCloud.Point(position: SIMD3(1, -2, 0.5), colour: SIMD3(4, 5, 6))
      return .points(
        Self.start.advanced(by: .seconds(Double(frame) / 10 + 0.05)),
        PointCloud(points: Array(repeating: point, count: count)))
    }
    // Key frames are 7 to 11: three of map 2, one of map 3, and one whose pose is not known.
    let events =
      (1...6).flatMap { Self.frame($0, map: 1) } + [cloud(2, after: 6)] + (7...9).flatMap { Self.frame($0, map: 2) }
      + [cloud(3, after: 9)] + Self.frame(10, map: 3) + [cloud(4, after: 10)] + Self.frame(11, map: nil)
    let exported = try Self.exported(
      [Self.camera(0, focal: 802)] + events, Array(repeating: Self.wide, count: 5))
    #expect(exported.imageCameras == ["1", "1", "1", "1"] && exported.points == 3)
    #expect(exported.notes.count == 1 && exported.notes[0].contains("left out: 1 key frames of other maps"))
  }

  @Test(arguments: [nil, [], [camera(0, focal: 700, width: 720, height: 1_280)]] as [[SessionEvent]?])
  func withoutALensThatOfAUsualPhoneIsAssumedAndSaid(events: [SessionEvent]?) throws {
    let exported = try Self.exported(events)
    #expect(exported.cameras == [Self.assumed(1, Self.wide)[...]])
    #expect(exported.notes.count == 1 && exported.notes[0].contains("no lens was recorded"))
  }
}
