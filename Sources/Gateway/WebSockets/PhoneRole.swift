import Clocks
import MediaModel
import NIOCore
import Telemetry
import WebSocketTransport

/// A phone's telemetry, protocol.md section 3, and the way back for commands.
final class PhoneRole: WebSocketRole {
  private let hub: TelemetryHub
  private let stream: StreamName
  private let isReplay: Bool
  private var connection: WebSocketServerConnection?
  private var link: PhoneLink?
  private var deadline: LoopDeadline?

  init(hub: TelemetryHub, stream: StreamName, isReplay: Bool = false) {
    self.isReplay = isReplay
    self.hub = hub
    self.stream = stream
  }

  func opened(_ connection: WebSocketServerConnection) {
    guard let eventLoop = connection.eventLoop else { return }
    self.connection = connection
    let bound = NIOLoopBound(self, eventLoop: eventLoop)
    deadline = LoopDeadline(eventLoop: eventLoop, clocks: hub.clocks) { bound.value.deadlineReached() }
    link = hub.connectPhone(stream: stream, peer: connection.peer, isReplay: isReplay) {
      eventLoop.execute { bound.value.send() }
    }
    deadlineReached()
  }

  func received(_ message: WebSocketMessage) {
    guard let link else { return }
    switch message {
    case .text(let text): deadline?.set(link.text(ByteBuffer(string: text)))
    case .binary(let bytes): deadline?.set(link.binary(bytes))
    }
  }

  func becameWritable() { send() }

  func closed() {
    deadline?.cancel()
    deadline = nil
    link?.close()
    link = nil
    connection = nil
  }

  private func deadlineReached() {
    if let link { deadline?.set(link.deadlineReached()) }
  }

  private func send() {
    guard let connection, let link else { return }
    while connection.isWritable, let delivery = link.next() {
      connection.write(framed: delivery.message)
      link.sent(delivery)
    }
    connection.flush()
  }
}
