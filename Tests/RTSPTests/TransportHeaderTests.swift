import RTSP
import Testing

@Suite struct TransportHeaderTests {
  @Test func readsWhatClientsSend() {
    // FFmpeg, GStreamer (two alternatives), VLC, FFmpeg publishing.
    let ffmpeg = TransportHeader.parseAlternatives("RTP/AVP/TCP;unicast;interleaved=0-1")
    #expect(ffmpeg.count == 1 && ffmpeg[0].lowerTransport == .interleaved)
    #expect(ffmpeg[0].channels == .init(rtp: 0, rtcp: 1) && ffmpeg[0].mode == .play)
    let gstreamer = TransportHeader.parseAlternatives(
      "RTP/AVP;unicast;client_port=40000-40001,RTP/AVP;multicast,RTP/AVP/TCP;unicast;interleaved=2-3")
    #expect(gstreamer.map(\.lowerTransport) == [.udp, .udp, .interleaved])
    #expect(gstreamer.map(\.isMulticast) == [false, true, false])
    #expect(gstreamer[0].clientPorts == .init(rtp: 40_000, rtcp: 40_001))
    let publishing = TransportHeader.parseAlternatives("RTP/AVP/UDP;unicast;client_port=5000-5001;mode=record")
    #expect(publishing[0].mode == .record && publishing[0].specifier == "RTP/AVP/UDP")
    #expect(TransportHeader.parseAlternatives("RTP/AVP;mode=\"RECEIVE\"")[0].mode == .record)
  }

  @Test func singlePortMeansAPair() {
    #expect(
      TransportHeader.parseAlternatives("RTP/AVP;client_port=5000")[0].clientPorts == .init(rtp: 5_000, rtcp: 5_001))
  }

  @Test(arguments: ["RTP/AVP/TCP;interleaved=256-257", "RTP/AVP/TCP;interleaved=x", "RTP/AVP/TCP;interleaved="])
  func channelsOutOfRangeAreNone(text: String) { #expect(TransportHeader.parseAlternatives(text)[0].channels == nil) }

  @Test func unknownTransportsAreMarked() {
    #expect(TransportHeader.parseAlternatives("RTP/SAVP;unicast;client_port=1-2")[0].lowerTransport == nil)
    #expect(TransportHeader.parseAlternatives("").isEmpty)
  }

  @Test func writesWhatItGrants() {
    var transport = TransportHeader(specifier: "RTP/AVP", lowerTransport: .udp)
    transport.clientPorts = .init(rtp: 5_000, rtcp: 5_001)
    transport.serverPorts = .init(rtp: 30_000, rtcp: 30_001)
    transport.ssrc = 0xABC
    #expect(
      transport.serialized == "RTP/AVP;unicast;client_port=5000-5001;server_port=30000-30001;ssrc=00000ABC")
    #expect(TransportHeader.parseAlternatives(transport.serialized) == [transport])
  }
}
