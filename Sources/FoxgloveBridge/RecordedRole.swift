internal import FoxgloveProtocol
internal import NIOCore
internal import SessionLog
internal import WebSocketProtocol
internal import WebSocketTransport

/// The connection of a client that watches a recording.
final class RecordedRole: WebSocketRole {
  private let path: String
  private let session: String
  private let bridge: FoxgloveBridge
  private var connection: WebSocketServerConnection?
  private var link: FoxgloveLink?
  private var player: RecordedPlayer?

  /// - Parameter path: of the session's MCAP file.
  init(playing path: String, of session: String, bridge: FoxgloveBridge) {
    self.path = path
    self.session = session
    self.bridge = bridge
  }

  func opened(_ connection: WebSocketServerConnection) {
    guard let eventLoop = connection.eventLoop else { return }
    self.connection = connection
    let bound = NIOLoopBound(self, eventLoop: eventLoop)
    bridge.open(path) { result in eventLoop.execute { bound.value.opened(result, on: eventLoop) } }
  }

  private func opened(_ result: Result<RecordedFile, RecordedFileError>, on eventLoop: any EventLoop) {
    guard let connection else { return }
    switch result {
    case .failure(let error): connection.close(.policyViolation, reason: "\(error)")
    case .success(let file):
      let bound = NIOLoopBound(self, eventLoop: eventLoop)
      let link = bridge.makeLink(session: session, of: file) { eventLoop.execute { bound.value.send() } }
      let player = bridge.makePlayer(file, to: link)
      (self.link, self.player) = (link, player)
      player.start()
      link.open(with: file.channels)
    }
  }

  func received(_ message: WebSocketMessage) {
    guard let link, let player, let connection else { return }
    let effects =
      switch message {
      case .text(let text): link.received(ByteBuffer(string: text), isText: true)
      case .binary(let bytes): link.received(bytes, isText: false)
      }
    guard let effects else { return connection.close(.policyViolation, reason: "answers are not read") }
    if !effects.subscribed.isEmpty { player.begin() }
    if let request = effects.playback { player.request(request) }
  }

  func becameWritable() { send() }

  func closed() {
    player?.end()
    link?.close()
    (player, link, connection) = (nil, nil, nil)
  }

  private func send() { if let connection, let link { connection.send(from: link) } }
}
