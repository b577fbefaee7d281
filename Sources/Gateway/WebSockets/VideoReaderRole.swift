import Clocks
import CodedMedia
import MediaModel
import NIOCore
import PhoneProtocol
import Relay
import WebSocketProtocol
import WebSocketTransport

/// A consumer of video, protocol.md section 2: takes units from the relay as fast as the connection takes bytes.
final class VideoReaderRole: WebSocketRole {
  /// Sent at one go. A late reader starts with a whole group of pictures, some megabytes, while others wait.
  private static let burstBytes = 1 << 20

  /// Older groups of pictures make a reader that joins wait, or decode much before it sees anything.
  private static let groupAge = Nanoseconds.milliseconds(1_500)
  /// A decoder that lost something wants a key frame that it has not had yet.
  private static let lossAge = Nanoseconds.milliseconds(100)

  private let stream: RelayStream
  private var options: ReaderOptions
  private let clocks: SystemClocks
  private var encoder: any UnitMessageEncoder
  private var connection: WebSocketServerConnection?
  private var reader: LoopReader?

  init(stream: RelayStream, query: StreamQuery, clocks: SystemClocks) {
    self.stream = stream
    self.clocks = clocks
    options = ReaderOptions(policy: query.policy, deadline: query.deadline, transport: .websocket)
    encoder =
      switch query.format {
      case .annexb: AnnexBMessageEncoder()
      case .packets: PacketMessageEncoder()
      case .fmp4: FragmentMessageEncoder(stream: stream)
      }
  }

  func opened(_ connection: WebSocketServerConnection) {
    guard let eventLoop = connection.eventLoop else { return }
    self.connection = connection
    options.peer = connection.peer
    reader = LoopReader(
      stream: stream, options: options, eventLoop: eventLoop,
      onAvailable: { self.send() }, onEnd: { self.ended($0) })
    stream.requestKeyFrame(unlessYoungerThan: Self.groupAge)
    send()
  }

  func received(_ message: WebSocketMessage) {
    // Anything else that a consumer says has no meaning here.
    switch message {
    case .text("ping"): connection?.send(text: "pong")
    case .text("request_key_frame"): stream.requestKeyFrame(unlessYoungerThan: Self.lossAge)
    case .text, .binary: break
    }
  }

  func becameWritable() { send() }

  func closed() {
    reader?.close()
    reader = nil
    connection = nil
  }

  private func send() {
    guard let connection, let reader else { return }
    var burst = 0
    var now = clocks.host()
    while connection.isWritable, let delivery = reader.next(at: now) {
      encoder.write(delivery, to: connection)
      now = clocks.host()
      reader.sent(delivery, at: now)
      burst += delivery.unit.bytes.readableBytes
      if burst > Self.burstBytes {
        resumeLater()
        break
      }
    }
    connection.flush()
  }

  /// Lets the other connections of the loop have their turn.
  private func resumeLater() {
    guard let eventLoop = connection?.eventLoop else { return }
    let bound = NIOLoopBound(self, eventLoop: eventLoop)
    eventLoop.execute { bound.value.send() }
  }

  private func ended(_ reason: ReaderEnd) {
    reader = nil
    let code: WebSocketCloseCode =
      switch reason {
      case .tooSlow: .tooSlow
      case .streamEnded, .shutdown, .closed: .goingAway
      }
    connection?.close(code, reason: reason.reason)
  }
}
