import NIOCore
import RTP
import Testing

@Suite struct RTPHeaderTests {
  @Test func readsWhatItWrites() throws {
    let header = RTPHeader(marker: true, payloadType: 96, sequence: 65_535, timestamp: 0xDEAD_BEEF, ssrc: 0x0102_0304)
    var buffer = ByteBuffer()
    header.write(into: &buffer)
    #expect(buffer == ByteBuffer(bytes: [0x80, 0xE0, 0xFF, 0xFF, 0xDE, 0xAD, 0xBE, 0xEF, 1, 2, 3, 4]))
    buffer.writeBytes([9, 8])
    #expect(try RTPHeader.read(from: &buffer) == header)
    #expect(buffer == ByteBuffer(bytes: [9, 8]))
  }

  @Test func skipsContributorsExtensionAndPadding() throws {
    var packet = ByteBuffer(bytes: [
      0xB1, 0x60, 0, 7, 0, 0, 0, 1, 0, 0, 0, 2,  // padding, extension, one contributor
      0, 0, 0, 3,  // contributor
      0xBE, 0xDE, 0, 1, 9, 9, 9, 9,  // extension of one word
      0x41, 0x42, 0, 0, 3,  // payload, three bytes of padding
    ])
    let header = try RTPHeader.read(from: &packet)
    #expect(header.sequence == 7 && header.timestamp == 1 && header.ssrc == 2 && !header.marker)
    #expect(packet == ByteBuffer(bytes: [0x41, 0x42]))
  }

  @Test(
    arguments: [
      ([], RTPError.truncated(field: "version")),
      ([0x40, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], .unsupportedVersion(1)),
      ([0x80, 0x60, 0, 1, 0, 0, 0, 1, 0, 0], .truncated(field: "fixed header")),
      ([0x82, 0x60, 0, 1, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 0], .truncated(field: "contributing sources")),
      ([0x90, 0x60, 0, 1, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 1], .truncated(field: "header extension")),
      ([0xA0, 0x60, 0, 1, 0, 0, 0, 1, 0, 0, 0, 2], .truncated(field: "padding")),
      ([0xA0, 0x60, 0, 1, 0, 0, 0, 1, 0, 0, 0, 2, 0], .invalidPadding(count: 0)),
      ([0xA0, 0x60, 0, 1, 0, 0, 0, 1, 0, 0, 0, 2, 5], .invalidPadding(count: 5)),
    ] as [([UInt8], RTPError)])
  func namesWhatIsWrong(bytes: [UInt8], error: RTPError) {
    var packet = ByteBuffer(bytes: bytes)
    #expect(throws: error) { try RTPHeader.read(from: &packet) }
  }
}
