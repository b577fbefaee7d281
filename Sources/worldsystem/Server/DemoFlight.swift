import Clocks
import Logging
import MediaModel
import NIOCore
import Observability
import Publishing
import Relay
import ServiceLifecycle
import Telemetry

/// A simulated flight that is published in this process, without a connection.
struct DemoFlight: Service {
  /// Somebody else publishes the stream now.
  private struct TakenOver: Error {}

  let options: FlightPublisher.Options
  let hub: TelemetryHub
  let relay: Relay
  let logger: Logger

  /// Flies until the service group shuts down. When another publisher takes the stream over, the flight ends and the
  /// server goes on.
  func run() async throws {
    do {
      let lease = try relay.claim(.default, peer: "demo flight", onRevoked: {})
      defer { lease.end() }
      let phone = hub.connectPhone(stream: .default, peer: "demo flight", wake: {})
      defer { phone.close() }
      var options = options
      options.onReadings = { readings in
        for reading in readings { _ = phone.text(ByteBuffer(string: reading.message)) }
        phone.deadlineReached()
        // The flight has a route of its own, and nobody can steer it.
        while phone.next() != nil {}
      }
      let publisher = try FlightPublisher(options: options, logger: logger)
      let clocks = relay.clocks
      try await cancelWhenGracefulShutdown {
        try await publisher.run(
          to: ClosureSink { picture in
            guard lease.publish(picture, receivedAt: clocks.host()) else { throw TakenOver() }
          })
      }
    } catch is CancellationError {
    } catch is TakenOver {
      logger.notice("demo flight ended since another publisher took over", metadata: [.stream: "\(StreamName.default)"])
      try? await gracefulShutdown()
    }
  }
}
