import FoxgloveBridge
import FoxgloveProtocol
import Gateway
import MediaModel
import SessionLog
import WebSocketTransport

extension FoxgloveBridge {
  /// `/ws/foxglove`: `?stream=NAME` live, `?session=ID` recorded.
  func endpoint(recordings: RecordingStorage) -> SocketEndpoint {
    SocketEndpoint(
      path: "/ws/foxglove", subprotocols: FoxgloveSession.subprotocols,
      // Foxglove in a browser. What it may do is what anybody with the token may.
      origins: ["https://app.foxglove.dev"],
      limits: WebSocketLimits(messageBytes: FoxgloveSession.messageLimit, writeBufferBytes: 1 << 20)
    ) { [self] query in
      guard let session = query.session else {
        let stream = query.stream ?? .default
        return .success { self.role(watching: stream) }
      }
      guard let path = recordings.path(session: session, file: SessionLog.fileName) else {
        return .failure(.init("there is no session '\(session.prefix(40))' with a file \(SessionLog.fileName)"))
      }
      return .success { self.role(playing: path, of: session) }
    }
  }
}
