import Observability
import Testing

@Suite struct RedactedURLTests {
  @Test(arguments: [
    ("rtsp://user:secret@host:8554/drone?token=secret#secret", "rtsp://host:8554/drone"),
    ("rtsp://host/drone", "rtsp://host/drone"),
    ("amqp://admin:secret@rabbit:5672/", "amqp://rabbit:5672/"),
    ("rtsp://user:sec/secret@host/x", "rtsp://host/x"),
    ("rtsp://user:sec?secret@host/x", "rtsp://…"),
    ("rtsp://user:sec#secret@host/x", "rtsp://…"),
    ("rtsp://user:a@secret@host/x", "rtsp://host/x"),
    ("ws://[::1]:5001/ws/video?token=secret", "ws://[::1]:5001/ws/video"),
    ("flights/video.mp4", "flights/video.mp4"), ("-", "-"), ("://", "://"),
  ])
  func hidesCredentials(url: String, shown: String) {
    #expect(RedactedURL(url).description == shown)
  }
}
