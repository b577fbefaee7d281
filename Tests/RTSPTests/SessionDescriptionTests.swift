import NIOCore
import RTSP
import Testing

@Suite struct SessionDescriptionTests {
  /// As ffmpeg 5.1 announces a video with sound.
  private let ffmpeg = """
    v=0\r
    o=- 0 0 IN IP4 127.0.0.1\r
    s=No Name\r
    c=IN IP4 127.0.0.1\r
    t=0 0\r
    a=tool:libavformat 59.27.100\r
    m=audio 0 RTP/AVP 97\r
    a=rtpmap:97 MPEG4-GENERIC/48000/2\r
    a=control:streamid=0\r
    m=video 0 RTP/AVP 96\r
    b=AS:2000\r
    a=rtpmap:96 H264/90000\r
    a=fmtp:96 packetization-mode=1; sprop-parameter-sets=Z0LAHtoCgPRA,aM48gA==; profile-level-id=42C01E\r
    a=framerate:29.97\r
    a=control:streamid=1\r

    """

  @Test func readsWhatFFmpegAnnounces() throws {
    let description = try SessionDescription.parse(ffmpeg)
    #expect(description.media.map(\.kind) == ["audio", "video"])
    #expect(description.media.map(\.control) == ["streamid=0", "streamid=1"])
    #expect(H264MediaFormat(description.media[0]) == nil)
    let format = try #require(H264MediaFormat(description.media[1]))
    #expect(format.payloadType == 96 && format.packetizationMode == 1 && format.profileLevelID == "42C01E")
    #expect(format.frameRate == 29.97)
    #expect(
      format.parameterSets == [
        ByteBuffer(bytes: [0x67, 0x42, 0xC0, 0x1E, 0xDA, 0x02, 0x80, 0xF4, 0x40]),
        ByteBuffer(bytes: [0x68, 0xCE, 0x3C, 0x80]),
      ])
  }

  @Test func readsWhatItWrites() throws {
    let format = H264MediaFormat(
      payloadType: 96, packetizationMode: 1, profileLevelID: "42c01e",
      parameterSets: [ByteBuffer(bytes: [0x67, 1, 2]), ByteBuffer(bytes: [0x68, 3])], frameRate: 25)
    var description = SessionDescription()
    description.origin = "1 1 IN IP4 0.0.0.0"
    description.name = "drone"
    description.attributes = [.init("range", "npt=now-"), .init("control", "*")]
    description.media = [format.media(control: "trackID=0")]
    let text = description.serialized
    #expect(text.contains("a=framerate:25\r\n") && text.contains("sprop-parameter-sets=ZwEC,aAM=\r\n"))
    let parsed = try SessionDescription.parse(text)
    #expect(parsed == description && H264MediaFormat(parsed.media[0]) == format)
  }

  @Test(
    arguments: [
      ("", SDPError.unsupportedVersion), ("v=1\r\n", .unsupportedVersion), ("v=0\r\nx\r\n", .invalidLine(number: 2)),
      ("v=0\r\nm=video 0 RTP/AVP\r\n", .invalidMedia(line: 2)),
      ("v=0\r\nm=video 70000 RTP/AVP 96\r\n", .invalidMedia(line: 2)),
      ("v=0\r\n" + String(repeating: "a=x\r\n", count: 256), .tooLarge),
      ("v=0\r\n" + String(repeating: "m=video 0 RTP/AVP 96\r\n", count: 9), .tooLarge),
    ])
  func namesWhatIsWrong(text: String, error: SDPError) {
    #expect(throws: error) { try SessionDescription.parse(text) }
  }

  @Test func parametersOfOtherFormatsAreNotTaken() throws {
    let description = try SessionDescription.parse(
      "v=0\nm=video 0 RTP/AVP 95 96\na=rtpmap:96 h264/90000\na=fmtp:95 packetization-mode=2\na=rtpmap:95 VP8/90000\n")
    let format = try #require(H264MediaFormat(description.media[0]))
    #expect(format.payloadType == 96 && format.packetizationMode == 0 && format.parameterSets.isEmpty)
  }
}
