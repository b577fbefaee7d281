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

  /// A session with one key frame of 640×360 pixels and what its MCAP file says; `nil`: without that file.
  private static func session(_ events: [SessionEvent]?, in folder: TemporaryFolder) throws -> SessionFolder {
    let keyFrames = folder.file("s/keyframes")
    try FileManager.default.createDirectory(at: keyFrames, withIntermediateDirectories: true)
    // The head of a JPEG: its start, and a frame header with precision, height, width and no components.
    let jpeg: [UInt8] = [0xFF, 0xD8, 0xFF, 0xC0, 0, 8, 8, 0x01, 0x68, 0x02, 0x80, 0]
    try Data(jpeg).write(to: keyFrames.appendingPathComponent("keyframe_000007.jpg"))
    try Data(NumPyFile.bytes(of: .identity)).write(to: keyFrames.appendingPathComponent("pose_000007.npy"))
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

  private static func exported(
    _ events: [SessionEvent]?, camera: CameraDescription? = nil
  ) throws -> (camera: Substring, points: Int, notes: [String]) {
    let folder = TemporaryFolder()
    var export = SessionExport(try session(events, in: folder))
    export.camera = camera
    let notes = try export.write([(.colmap, folder.path("out"))])
    func lines(_ name: String) throws -> [Substring] {
      try String(contentsOfFile: folder.path("out/\(name)"), encoding: .utf8).split(separator: "\n")
        .filter { !$0.hasPrefix("#") }
    }
    return (try #require(try lines("cameras.txt").first), try lines("points3D.txt").count, notes)
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
    let (camera, points, notes) = try Self.exported([
      Self.camera(0, focal: 700), Self.camera(1, focal: 802, distortion), .points(Self.start, cloud),
      Self.camera(2, focal: 900, width: 720, height: 1_280),
    ])
    #expect(camera == head + numbers.map { " " + DecimalText.fixed($0, 9) }.joined())
    #expect(points == 1 && notes.isEmpty)
  }

  @Test func aLensThatIsGivenComesFirst() throws {
    let given = CameraModel.pinhole(
      PinholeCamera(focalLength: SIMD2(1_000, 1_000), principalPoint: SIMD2(639.5, 359.5), width: 1_280, height: 720))
    let (camera, _, notes) = try Self.exported(
      [Self.camera(0, focal: 700)], camera: CameraDescription(camera: given))
    let numbers = [500, 500, 320, 180].map { DecimalText.fixed($0, 9) }
    #expect(camera == "1 PINHOLE 640 360 " + numbers.joined(separator: " "))
    #expect(notes.isEmpty)
  }

  @Test(arguments: [nil, [], [camera(0, focal: 700, width: 720, height: 1_280)]] as [[SessionEvent]?])
  func withoutALensThatOfAUsualPhoneIsAssumedAndSaid(events: [SessionEvent]?) throws {
    let (camera, _, notes) = try Self.exported(events)
    let focal = CameraModel.assumed(width: 640, height: 360).focalLength
    let numbers = [focal.x, focal.y, 320, 180].map { DecimalText.fixed($0, 9) }
    #expect(camera == "1 PINHOLE 640 360 " + numbers.joined(separator: " "))
    #expect(notes.count == 1 && notes[0].contains("no lens was recorded"))
  }
}
