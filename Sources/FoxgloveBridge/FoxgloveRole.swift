internal import FoxgloveProtocol
internal import MediaModel
internal import NIOCore
internal import ProtobufWire
internal import SessionLog
internal import WebSocketProtocol
internal import WebSocketTransport

/// The connection of a client that watches a live stream.
final class FoxgloveRole: WebSocketRole {
  private let stream: StreamName
  private let bridge: FoxgloveBridge
  private var connection: WebSocketServerConnection?
  private var link: FoxgloveLink?
  private var feed: FoxgloveFeed?

  init(watching stream: StreamName, of bridge: FoxgloveBridge) {
    self.stream = stream
    self.bridge = bridge
  }

  func opened(_ connection: WebSocketServerConnection) {
    guard let eventLoop = connection.eventLoop else { return }
    self.connection = connection
    let bound = NIOLoopBound(self, eventLoop: eventLoop)
    let link = bridge.makeLink { eventLoop.execute { bound.value.send() } }
    guard let feed = bridge.join(link, stream: stream) else {
      return connection.close(.tryAgainLater, reason: "too many streams are looked at")
    }
    (self.link, self.feed) = (link, feed)
    link.open(with: SessionTopic.allCases.map(\.channel))
  }

  func received(_ message: WebSocketMessage) {
    guard let link, let feed, let connection else { return }
    let effects =
      switch message {
      case .text(let text): link.received(ByteBuffer(string: text), isText: true)
      case .binary(let bytes): link.received(bytes, isText: false)
      }
    guard let effects else { return connection.close(.policyViolation, reason: "answers are not read") }
    feed.subscribed(link, to: effects.subscribed)
  }

  func becameWritable() { send() }

  func closed() {
    if let link {
      link.close()
      if let feed { bridge.leave(link, feed: feed) }
    }
    (link, feed, connection) = (nil, nil, nil)
  }

  private func send() { if let connection, let link { connection.send(from: link) } }
}

extension WebSocketServerConnection {
  /// Sends what waits, for as long as the connection takes any.
  func send(from link: FoxgloveLink) {
    while isWritable, let frame = link.next() {
      write(framed: frame.head)
      if let body = frame.body { write(framed: body) }
    }
    flush()
  }
}

extension SessionTopic {
  /// The topic as clients are told of it.
  var channel: FoxgloveChannel {
    let type = messageType
    return FoxgloveChannel(id: channelID, topic: name, schemaName: type.fullName, schema: type.file.descriptorSet)
  }
}
