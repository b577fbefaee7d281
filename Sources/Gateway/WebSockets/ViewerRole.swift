import Clocks
import NIOCore
import Telemetry
import WebSocketTransport

/// A viewer, protocol.md section 4: gets what the bus brings, and sends commands.
final class ViewerRole: WebSocketRole {
  private let hub: TelemetryHub
  private let request: ViewerRequest
  private var connection: WebSocketServerConnection?
  private var link: ViewerLink?
  private var deadline: LoopDeadline?

  init(hub: TelemetryHub, request: ViewerRequest) {
    self.hub = hub
    self.request = request
  }

  func opened(_ connection: WebSocketServerConnection) {
    guard let eventLoop = connection.eventLoop else { return }
    self.connection = connection
    let bound = NIOLoopBound(self, eventLoop: eventLoop)
    deadline = LoopDeadline(eventLoop: eventLoop, clocks: hub.clocks) { bound.value.send() }
    link = hub.connectViewer(request) { eventLoop.execute { bound.value.send() } }
  }

  func received(_ message: WebSocketMessage) {
    guard let link, let connection, case .text(let text) = message else { return }
    if text == "ping" {
      connection.send(text: "pong")
    } else if let answer = link.text(ByteBuffer(string: text)), connection.isWritable {
      // Who does not read answers gets none.
      connection.write(framed: answer)
      connection.flush()
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

  private func send() {
    guard let connection, let link else { return }
    while connection.isWritable, let message = link.next() { connection.write(framed: message) }
    connection.flush()
    if connection.isWritable, let next = link.nextDeadline { deadline?.set(next) }
  }
}
