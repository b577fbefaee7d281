import BusMessages
import NIOCore
import Testing

@Suite struct PointCloudTests {
  @Test func bodyIsLittleEndianPLY() {
    let cloud = PointCloud(points: [
      PointCloud.Point(position: SIMD3(1, -2, 0.5), colour: SIMD3(255, 0, 7)),
      PointCloud.Point(position: SIMD3(0, 0, 3), colour: SIMD3(1, 2, 3)),
    ])
    let header = """
      ply
      format binary_little_endian 1.0
      element vertex 2
      property float x
      property float y
      property float z
      property uchar red
      property uchar green
      property uchar blue
      end_header

      """
    let points: [UInt8] = [
      0, 0, 0x80, 0x3F, 0, 0, 0, 0xC0, 0, 0, 0, 0x3F, 255, 0, 7,
      0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x40, 0x40, 1, 2, 3,
    ]
    #expect(Array(cloud.ply().readableBytesView) == Array(header.utf8) + points)
    let message = cloud.message(headers: ["stream": .text("drone")])
    #expect(message.topic == .pointClouds && message.contentType == "application/x-ply")
  }

  @Test func confidencesComeLast() {
    let cloud = PointCloud(
      points: [PointCloud.Point(position: .zero, colour: SIMD3(1, 2, 3), confidence: 0.5)], hasConfidence: true)
    let body = Array(cloud.ply().readableBytesView)
    let end = Array("property uchar blue\nproperty float confidence\nend_header\n".utf8)
    #expect(body.suffix(7) == [1, 2, 3, 0, 0, 0, 0x3F])
    #expect(Array(body.dropLast(19).suffix(end.count)) == end)
  }

  @Test(arguments: [false, true]) func whatIsWrittenIsRead(hasConfidence: Bool) {
    let points = (0..<3).map { index in
      PointCloud.Point(
        position: SIMD3(Float(index), -1.5, 2), colour: SIMD3(1, 2, UInt8(index)), confidence: hasConfidence ? 0.5 : 1)
    }
    let cloud = PointCloud(points: points, hasConfidence: hasConfidence)
    #expect(PointCloud(ply: cloud.ply()) == cloud)
    for length in 0..<cloud.ply().readableBytes {
      #expect(PointCloud(ply: cloud.ply().getSlice(at: 0, length: length) ?? ByteBuffer()) == nil)
    }
  }

  @Test func noPointsAreAFileToo() {
    #expect(String(buffer: PointCloud().ply()).hasSuffix("end_header\n"))
  }
}
