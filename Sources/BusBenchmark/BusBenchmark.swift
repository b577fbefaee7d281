import BusMessages
import CBusLoad
public import Clocks
import Foundation
public import Logging
import MediaModel
import MessageBus
import NIOCore
import RabbitMQ
import RabbitMQBus

/// Measures publishing with confirms through a broker: our bus, bare librabbitmq and pika in turn, the same bodies to
/// the same exchange, several times over.
public struct BusBenchmark: Sendable {
  /// What to run.
  public struct Plan: Sendable {
    public var payloads = BenchmarkPayload.allCases
    /// Messages of the smallest payload in one round; of larger ones fewer.
    public var messages = 20_000
    public var rounds = 5
    /// The Python interpreter that has pika, and the script that uses it; `nil` leaves pika out.
    public var pika: (python: String, script: String)?

    public init() {}
  }

  private let plan: Plan
  private let url: String
  private let options: RabbitMQBusOptions
  private let clocks: SystemClocks
  private let logger: Logger
  private let progress: @Sendable (String) -> Void
  private let load: CLoad

  /// The exchange and the queue of the benchmark; both are deleted when it is over.
  private static let name = "worldsystem_benchmark"

  /// - Parameter progress: told what is being measured.
  /// - Throws: `AMQPError` for a URL that is none.
  public init(
    plan: Plan, url: String, clocks: SystemClocks, logger: Logger,
    progress: @escaping @Sendable (String) -> Void = { _ in }
  ) throws {
    self.plan = plan
    self.url = url
    self.clocks = clocks
    self.logger = logger
    self.progress = progress
    let address = try AMQPAddress(url)
    options = RabbitMQBusOptions(
      address: address, node: "benchmark", exchanges: ExchangeNames(overrides: [.imuData: Self.name]))
    load = CLoad(address: address, exchange: Self.name)
    guard address.tls == nil else { throw BusBenchmarkError.encrypted }
  }

  /// - Throws: ``BusBenchmarkError``, `RabbitMQBusError` when the broker is not reachable.
  public func run() async throws -> BusBenchmarkReport {
    try load.prepare(queue: Self.name)
    defer { try? load.remove(queue: Self.name) }
    return try await RabbitMQBus.withTemporaryBus(options, clocks: clocks, logger: logger) { bus in
      var report = BusBenchmarkReport(windowMessages: options.windowMessages, windowBytes: options.windowBytes)
      for payload in plan.payloads {
        let body = try payload.body()
        var measured = clients.map { (client: $0, rounds: [BusBenchmarkReport.Measurement]()) }
        for round in 0..<plan.rounds {
          for place in measured.indices {
            // Who goes first changes, so that nobody always finds the broker rested.
            let index = (place + round) % measured.count
            let client = measured[index].client
            progress("\(payload.title), \(client.title), round \(round + 1) of \(plan.rounds)")
            measured[index].rounds.append(try await measure(client, payload, body, bus))
          }
        }
        report.add(payload: payload.title, bodyBytes: body.readableBytes, measured)
      }
      return report
    }
  }

  private var clients: [BenchmarkedClient] {
    plan.pika == nil ? [.worldsystem, .librabbitmq] : BenchmarkedClient.allCases
  }

  private func measure(
    _ client: BenchmarkedClient, _ payload: BenchmarkPayload, _ body: ByteBuffer, _ bus: RabbitMQBus
  ) async throws -> BusBenchmarkReport.Measurement {
    // A message at a time takes a round trip each: a tenth of them says as much.
    let messages = max(1, plan.messages / payload.share / (client == .pikaBlocking ? 10 : 1))
    try load.prepare(queue: Self.name)
    let result: BusBenchmarkReport.Measurement
    switch client {
    case .worldsystem: result = try await publish(messages, payload, body, through: bus)
    case .librabbitmq:
      result = try load.publish(
        messages, window: window(body), contentType: payload.contentType, body: body)
    case .pikaBlocking: result = try await publishWithPika("blocking", messages, payload, body)
    case .pikaSelect: result = try await publishWithPika("select", messages, payload, body)
    }
    let arrived = try load.count(queue: Self.name)
    guard arrived == messages else { throw BusBenchmarkError.missing(client, expected: messages, arrived: arrived) }
    return result
  }

  /// Messages that may be unconfirmed: as many of a payload as our bus allows.
  private func window(_ body: ByteBuffer) -> Int {
    let message = BusMessage(topic: .imuData, body: body, contentType: "")
    return max(1, min(options.windowMessages, options.windowBytes / message.cost))
  }

  private func publish(
    _ messages: Int, _ payload: BenchmarkPayload, _ body: ByteBuffer, through bus: RabbitMQBus
  ) async throws -> BusBenchmarkReport.Measurement {
    let message = BusMessage(topic: .imuData, body: body, contentType: payload.contentType)
    let startedAt = clocks.host(), cpu = ProcessorTime.ofThisProcess()
    var rest = messages
    while rest > 0 {
      // Publishing never waits, so whoever publishes without end must look: beyond half its bounds the bus would turn
      // to the disk. A quarter lasts much longer than the sleep, so that the bus never runs dry; looking more often
      // would only cost the processors that the broker needs too.
      let status = bus.status
      guard status.waitingMessages < options.outboxMessages / 4, status.waitingBytes < options.outboxBytes / 4 else {
        try await Task.sleep(for: .milliseconds(5))
        continue
      }
      let count = min(rest, 256)
      for _ in 0..<count { bus.publish(message) }
      rest -= count
    }
    try await bus.flush()
    return BusBenchmarkReport.Measurement(
      messages: messages, seconds: clocks.host().since(startedAt).seconds,
      cpuSeconds: ProcessorTime.ofThisProcess() - cpu)
  }

  private func publishWithPika(
    _ mode: String, _ messages: Int, _ payload: BenchmarkPayload, _ body: ByteBuffer
  ) async throws -> BusBenchmarkReport.Measurement {
    guard let (python, script) = plan.pika else { throw BusBenchmarkError.pika("not asked for") }
    let process = Process(), output = Pipe(), input = Pipe()
    process.executableURL = URL(fileURLWithPath: python)
    process.arguments = [
      script, "--exchange", Self.name, "--content-type", payload.contentType, "--messages", "\(messages)",
      "--window", "\(window(body))", "--mode", mode,
    ]
    // The URL may carry a password, which others would see among the arguments.
    process.environment = ProcessInfo.processInfo.environment.merging(["RABBITMQ_URL": url]) { $1 }
    process.standardInput = input
    process.standardOutput = output
    do { try process.run() } catch { throw BusBenchmarkError.pika("\(python) does not start") }
    try input.fileHandleForWriting.write(contentsOf: Data(body.readableBytesView))
    try input.fileHandleForWriting.close()
    let answer = try output.fileHandleForReading.readToEnd() ?? Data()
    process.waitUntilExit()
    guard process.terminationStatus == 0,
      let result = try? JSONDecoder().decode(BusBenchmarkReport.Measurement.self, from: answer)
    else { throw BusBenchmarkError.pika("\(python) \(script) ended with \(process.terminationStatus)") }
    return result
  }
}

/// Why nothing could be measured.
public enum BusBenchmarkError: Error, Hashable, Sendable, CustomStringConvertible {
  case encrypted
  case librabbitmq(String)
  case pika(String)
  case missing(BenchmarkedClient, expected: Int, arrived: Int)

  public var description: String {
    switch self {
    case .encrypted: "the benchmark takes an amqp:// URL: it measures the bus, not TLS"
    case .librabbitmq(let reason): "the broker cannot be used: \(reason)"
    case .pika(let reason): "pika cannot be measured: \(reason)"
    case .missing(let client, let expected, let arrived):
      "of \(expected) messages that \(client.title) published, \(arrived) are in the queue"
    }
  }
}
