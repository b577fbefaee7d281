import BusMessages
import CodedMedia
import Compression
import H264
import MCAP
import MediaModel
import NIOCore
import ProtobufWire
import TestSupport

/// Units and messages of a stream.
enum SessionFixture {
  static let start = WallTime(nanosSince1970: 1_700_000_000_123_456_789)

  /// A coded picture that no decoder takes.
  /// - Parameter step: its time is a multiple of so many nanoseconds.
  static func unit(_ number: Int, isKey: Bool, step: Int64 = 1) throws -> AccessUnit {
    var slice = H264Fixture.Slice()
    slice.isIDR = isKey
    slice.type = isKey ? 2 : 0
    slice.frameNumber = number % 256
    let bytes = H264Fixture.annexB([slice.nalUnit()])
    let nanos = start.nanosSince1970 + Int64(number) * 33_333_333
    let time = WallTime(nanosSince1970: nanos / step * step)
    let picture = CodedPicture(
      bytes: bytes, nalUnits: AnnexB.nalUnitRanges(in: bytes), senderMicros: 0, isKeyFrame: isKey,
      carriesParameterSets: false,
      parameterSets: try ParameterSets.parse(sps: H264Fixture.SPS().nalUnit(), pps: [H264Fixture.pps()]))
    return AccessUnit(
      picture: picture, sequence: UInt64(number), capturedAt: time, decodeAt: time, receivedAt: HostTime(nanos: 0))
  }

  static func pose(
    _ number: Int, stream: String? = "drone", x: Double = 1, map: Int = 0,
    scale: CameraPose.ScaleQuality? = nil
  ) throws -> BusMessage {
    let time = start.advanced(by: Nanoseconds(Int64(number) * 33_333_333))
    var pose = CameraPose(
      frameNumber: number, timestamp: time.secondsSince1970,
      // A quarter turn about z.
      pose: [[0, -1, 0, x], [1, 0, 0, 2], [0, 0, 1, 3], [0, 0, 0, 1]], isKeyframe: false, stream: stream)
    pose.map = map
    pose.scale = scale
    return try pose.message()
  }

  static func imu(_ json: String, stream: String = "drone") -> BusMessage {
    BusMessage(
      topic: .imuData, body: ByteBuffer(string: json), contentType: BusMessage.json,
      headers: [BusHeader.stream: .text(stream), BusHeader.capturedAt: .text("\(start.nanosSince1970)")])
  }

  static func object(_ id: Int) -> WorldObjects.Object {
    WorldObjects.Object(
      id: id, label: "car", trackIDs: [id], position: [1, 2, 0.75], covariance: [1, 0, 0, 0, 1, 0, 0, 0, 1],
      method: "ground", metric: true, wgs84: .init(latitude: 47.5, longitude: 8.5, altitude: 400),
      velocity: [0, 0, 0], firstSeen: 1_700_000_000, lastSeen: 1_700_000_001, observations: 9, size: [4, 1.5],
      covarianceENU: [1, 0, 0, 0, 1, 0, 0, 0, 4], map: 0)
  }

  static let imuJSON = """
    {"type":"imu_data","timestamp":5,"accelerometer":{"x":0,"y":0,"z":9.81},"gyroscope":{"x":0.1,"y":0.2,"z":0.3},\
    "attitude":{"w":0.8,"x":0.6,"y":0,"z":0},\
    "gps":{"latitude":47.5,"longitude":8.5,"altitude":400,"accuracy":3.02,"heading":90}}
    """

  /// All messages of a file by topic, and whether it is whole.
  static func contents(of file: ByteBuffer) throws -> (topics: [String: [MCAPMessage]], outcome: MCAPRecovery.Outcome) {
    var parser = MCAPParser()
    var rest = file
    var names: [UInt16: String] = [:]
    var topics: [String: [MCAPMessage]] = [:]
    while let record = try parser.next(&rest) {
      guard case .chunk(let chunk) = record else { continue }
      for content in try MCAPChunk.contents(of: try chunk.uncompressed(ChunkCompression.all())) {
        switch content {
        case .channel(let channel): names[channel.id] = channel.topic
        case .message(let message): topics[names[message.channelID] ?? "", default: []].append(message)
        default: break
        }
      }
    }
    var recovery = MCAPRecovery(compressions: ChunkCompression.all())
    recovery.receive(file)
    return (topics, recovery.finish())
  }
}
