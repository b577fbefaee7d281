import MediaModel
import RTSP
import Testing

@Suite struct RTSPURLTests {
  @Test(
    arguments: [
      ("rtsp://host:8554/drone", "drone", nil, "rtsp://host:8554/drone"),
      ("rtsp://host/drone/", "drone", nil, "rtsp://host/drone"),
      ("RTSP://user:pass@host/drone/trackID=0", "drone", 0, "rtsp://host/drone"),
      ("rtsp://host/drone/streamid=1", "drone", 1, "rtsp://host/drone"),
      ("rtsp://host/drone/stream=0", "drone", 0, "rtsp://host/drone"),
      ("rtsp://host/drone/track1/", "drone", 1, "rtsp://host/drone"),
      ("rtsp://host/drone?token=x", "drone", nil, "rtsp://host/drone"),
      ("rtsp://host/drone?token=x/trackID=0", "drone", 0, "rtsp://host/drone"),
      ("rtsp://host", "drone", nil, "rtsp://host"),
      ("rtsp://host/", "drone", nil, "rtsp://host"),
      ("rtsp://host/trackID=0", "drone", 0, "rtsp://host"),
      ("rtsp://[::1]:8554/cam-2", "cam-2", nil, "rtsp://[::1]:8554/cam-2"),
      ("/drone/trackID=0", "drone", 0, "/drone"),
      // A stream may be called like a track.
      ("rtsp://host/track1", "track1", nil, "rtsp://host/track1"),
    ] as [(String, String, Int?, String)])
  func findsStreamAndTrack(uri: String, stream: String, track: Int?, base: String) {
    let url = RTSPURL(uri)
    #expect(url?.stream.text == stream && url?.track == track && url?.base == base)
  }

  @Test(arguments: [
    "*", "", "rtsp://", "rtsp:///drone", "drone", "rtsp://host/a/b", "rtsp://host/../etc", "http://h/a",
  ])
  func refusesWhatNamesNoStream(uri: String) {
    // The empty path is the default stream; everything else here is nothing.
    if uri.isEmpty { #expect(RTSPURL(uri)?.stream.text == "drone") } else { #expect(RTSPURL(uri) == nil) }
  }
}
