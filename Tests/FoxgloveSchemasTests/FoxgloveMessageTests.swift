import FoxgloveSchemas
import MediaModel
import NIOCore
import ProtobufWire
import TestSupport
import Testing

struct FoxgloveMessageTests {
  private static let time = WallTime(nanosSince1970: 1_700_000_000_123_456_789)

  private func fields(_ message: some ProtobufMessage) throws -> [ProtobufField] {
    try ProtobufReader.fields(of: message.encoded)
  }

  @Test(
    arguments: [
      (1_700_000_000_123_456_789, 1_700_000_000, 123_456_789), (0, nil, nil), (-1, -1, 999_999_999),
      (-1_000_000_000, -1, nil),
    ] as [(Int64, Int64?, Int64?)])
  func timesCountForward(nanos: Int64, seconds: Int64?, rest: Int64?) throws {
    let fields = try fields(Foxglove.Timestamp(WallTime(nanosSince1970: nanos)))
    #expect(fields.first { $0.number == 1 }?.integer == seconds)
    #expect(fields.first { $0.number == 2 }?.integer == rest)
  }

  /// The sizes are those of Foxglove's SDK 0.30.
  @Test(
    arguments: [
      (Foxglove.CompressedVideo.file, 493), (Foxglove.CameraCalibration.file, 598), (Foxglove.FrameTransform.file, 866),
      (Foxglove.PoseInFrame.file, 916), (Foxglove.PointCloud.file, 1_364), (Foxglove.LocationFix.file, 1_366),
      (Foxglove.SceneUpdate.file, 5_486), (Foxglove.ImageAnnotations.file, 2_711), (Foxglove.Log.file, 605),
    ] as [(ProtobufFile, Int)])
  func descriptionsAreAsLongAsThoseOfFoxglove(file: ProtobufFile, bytes: Int) throws {
    #expect(file.descriptorSet.readableBytes == bytes)
    #expect(file.descriptorSet == file.descriptorSet)
    // The message's own file is the last.
    let last = try #require(try ProtobufReader.fields(of: file.descriptorSet).last?.bytes)
    #expect(try ProtobufReader.fields(of: last).first?.text == file.name)
  }

  @Test func thePositionOfACloudIsAlwaysThere() throws {
    let cloud = Foxglove.PointCloud(
      timestamp: Self.time, frameID: "world", pointStride: 16, fields: Foxglove.PointCloud.colouredFields,
      data: ByteBuffer(repeating: 1, count: 32))
    let fields = try fields(cloud)
    #expect(fields.map(\.number) == [1, 2, 3, 4, 5, 5, 5, 5, 5, 5, 5, 6])
    let pose = try ProtobufReader.fields(of: try #require(fields[2].bytes))
    let position = try ProtobufReader.fields(of: try #require(pose[0].bytes))
    #expect(position.map(\.double) == [0, 0, 0])
    #expect(fields.last?.bytes?.readableBytes == 32)
  }

  @Test func piecesOfAPictureAreOneField() throws {
    let video = Foxglove.CompressedVideo(
      timestamp: Self.time, frameID: "camera", data: [ByteBuffer(string: "ab"), ByteBuffer(string: "c")])
    #expect(try fields(video).map(\.number) == [1, 2, 3, 4])
    #expect(try fields(video)[2].bytes == ByteBuffer(string: "abc"))
  }

  @Test func aHeadingOfZeroIsKnown() throws {
    var fix = Foxglove.LocationFix(
      timestamp: Self.time, frameID: "gps", latitudeDegrees: 1, longitudeDegrees: 2, altitudeMetres: 3)
    #expect(try fields(fix).map(\.number) == [1, 2, 3, 6, 7])
    fix.headingRadians = 0
    #expect(try fields(fix).map(\.number) == [1, 2, 3, 6, 7, 10])
  }
}
