import BusMessages
import Clocks
import Foundation
import Logging
import MediaModel
import MessageBus
import MessageSpool
import RabbitMQ
import RabbitMQBus
import ServiceLifecycle
import Settings

/// The bus of a server: in process, or through a broker where the settings name one.
struct BusConnection {
  let bus: any MessageBus
  /// The engine where it goes through a broker: video can go that way too.
  let rabbitMQ: RabbitMQBus?

  /// The broker need not be there: messages wait on disk until it is.
  init(_ settings: Settings, clocks: SystemClocks) throws {
    guard let url = settings.bus.url else {
      bus = InProcessBus()
      rabbitMQ = nil
      return
    }
    let logger = Logger(label: "bus")
    do {
      let folder = settings.bus.spoolPath ?? settings.recording.path + "/spool"
      var options = RabbitMQBusOptions(
        address: try AMQPAddress(url), node: settings.nodeName,
        exchanges: ExchangeNames(environment: ProcessInfo.processInfo.environment))
      options.shutdownTimeout = .seconds(3)
      let spool = try MessageSpool(
        folder: folder, options: SpoolOptions(bytes: settings.bus.spoolBytes), clocks: clocks, logger: logger)
      let engine = RabbitMQBus(options, spool: spool, clocks: clocks, logger: logger)
      bus = engine
      rabbitMQ = engine
    } catch let error as AMQPError {
      throw CommandFailure(.usage, error.description)
    } catch let error as SpoolError {
      throw CommandFailure(.failure, error.description)
    }
  }

  /// What runs as long as the server does; it must stop last.
  var services: [any Service] { rabbitMQ.map { [$0] } ?? [] }

  /// Services elsewhere start anew when the server does.
  func announceStart() throws { bus.publish(try RestartRequest().message()) }
}
