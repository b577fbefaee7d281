import BusMessages
import BusVideo
import CodedMedia
import MediaModel
import NIOCore
import TestSupport
import Testing

@Suite struct VideoMessageTests {
  private let stream = StreamName.default

  private func message(_ unit: AccessUnit, since: UInt64 = 0) -> VideoMessage {
    VideoMessage(unit, stream: stream, node: "a", unitsSinceKeyFrame: since)
  }

  @Test func aTraceTravelsInAHeader() throws {
    var written = message(SampleVideo.unit(sequence: 7, isKeyFrame: false), since: 6)
    #expect(written.message.headers["traceparent"] == nil)
    written.trace = TraceContext(traceHigh: 1, traceLow: 2, span: 3, isSampled: true)
    #expect(try VideoMessage(written.message) == written)
    var damaged = written.message
    damaged.headers["traceparent"] = .text("00-1-2-3")
    #expect(try VideoMessage(damaged).trace == nil, "the picture counts all the same")
  }

  @Test func whatIsWrittenIsRead() throws {
    let written = message(SampleVideo.unit(sequence: 7, isKeyFrame: false), since: 6)
    let read = try VideoMessage(written.message)
    #expect(read == written)
    #expect(read.sequence == 7 && read.unitsSinceKeyFrame == 6 && !read.isKeyFrame)
  }

  @Test func headersAreThoseOfTheProtocol() {
    let message = message(SampleVideo.unit(sequence: 1, isKeyFrame: true)).message
    #expect(message.topic == .videoStream)
    #expect(message.contentType == "video/h264")
    #expect(message.headers["timestamp_ns"] == .text("33000000"))
    #expect(message.headers["ntp_time"] == .text("1700000000000000500"))
    #expect(message.headers["server_received"] == .text("1700000000000002000"))
    #expect(message.headers["ntp_offset"] == .text("-1500"))
    #expect(message.headers["websocket_id"] == .text("10.0.0.1:5"))
    #expect(message.headers["stream_type"] == .text("h264"))
    #expect(message.headers["chunk_size"] == .integer(Int64(message.body.readableBytes)))
    #expect(message.headers["key_frame"] == .boolean(true))
  }

  @Test func bodySharesTheBytesOfTheUnit() {
    let unit = SampleVideo.unit(sequence: 1, isKeyFrame: true)
    let body = message(unit).message.body
    let addresses = [body, unit.bytes].map { $0.withVeryUnsafeBytes { $0.baseAddress } }
    #expect(body == unit.bytes)
    #expect(addresses[0] == addresses[1])
  }

  @Test func keyFrameWithoutParameterSetsGetsThem() {
    let picture = SampleVideo.picture(isKeyFrame: true, carriesSets: false)
    let unit = SampleVideo.unit(picture, sequence: 1)
    let expected = H264Fixture.annexB([SampleVideo.sps, SampleVideo.pps, SampleVideo.slice(isIDR: true)])
    #expect(message(unit).body == expected)
  }

  @Test func accessUnitDelimiterStaysInFront() {
    let picture = SampleVideo.picture(isKeyFrame: true, carriesSets: false, hasDelimiter: true)
    let expected = H264Fixture.annexB([
      H264Fixture.delimiter, SampleVideo.sps, SampleVideo.pps, SampleVideo.slice(isIDR: true),
    ])
    #expect(message(SampleVideo.unit(picture, sequence: 1)).body == expected)
  }

  @Test func otherPicturesStayAsTheyAre() {
    let unit = SampleVideo.unit(sequence: 2, isKeyFrame: false)
    #expect(message(unit, since: 1).body == unit.bytes)
  }

  @Test(arguments: [
    "stream", "node", "epoch", "sequence", "key_frame", "units_since_key_frame", "timestamp_ns", "captured_ns",
    "ntp_time", "ntp_offset", "websocket_id",
  ])
  func missingHeaderIsNamed(name: String) {
    var message = message(SampleVideo.unit(sequence: 1, isKeyFrame: true)).message
    message.headers[name] = nil
    #expect(throws: VideoMessageError.header(name)) { try VideoMessage(message) }
    message.headers[name] = .real(0.5)
    #expect(throws: VideoMessageError.header(name)) { try VideoMessage(message) }
  }

  @Test func otherContentIsRefused() {
    var message = message(SampleVideo.unit(sequence: 1, isKeyFrame: true)).message
    message.contentType = "image/jpeg"
    #expect(throws: VideoMessageError.contentType("image/jpeg")) { try VideoMessage(message) }
  }

  @Test func negativeNumbersAreRefusedWhereTheyMakeNoSense() {
    var message = message(SampleVideo.unit(sequence: 1, isKeyFrame: true)).message
    message.headers["units_since_key_frame"] = .integer(-1)
    #expect(throws: VideoMessageError.header("units_since_key_frame")) { try VideoMessage(message) }
  }
}
