import ArgumentParser
import BusBenchmark
import Clocks
import Logging
import RabbitMQ
import RabbitMQBus

struct BenchBusCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bus",
    abstract: "Measure publishing through RabbitMQ, beside librabbitmq in C and pika.",
    discussion: """
      Publishes the same persistent messages with confirms to a durable fanout exchange with one durable queue: through \
      the bus of this system, through bare librabbitmq from C and, when asked for, through pika from Python. They take \
      turns, several rounds; the table has the medians. Exchange and queue are called worldsystem_benchmark and are \
      deleted afterwards; the exchanges of the system are declared as usual.

      EXAMPLES
        worldsystem bench bus --url amqp://guest:guest@127.0.0.1:5672/
        worldsystem bench bus --payloads imu --messages 100000 --rounds 3
        worldsystem bench bus --compare-pika .venv/bin/python --json > bus.json
      """)

  @Option(help: ArgumentHelp("The broker.", valueName: "url"))
  var url = "amqp://guest:guest@127.0.0.1:5672/"

  @Option(help: ArgumentHelp("Messages of the smallest payload in a round; of larger ones fewer.", valueName: "number"))
  var messages = 20_000

  @Option(help: ArgumentHelp("Rounds of each measurement.", valueName: "number"))
  var rounds = 5

  @Option(help: ArgumentHelp("Payloads, with commas between: imu, result, unit.", valueName: "names"))
  var payloads = "imu,result,unit"

  @Option(
    help: ArgumentHelp("Compare with pika: a Python interpreter that has it.", valueName: "python"),
    completion: .file())
  var comparePika: String?

  @Option(help: ArgumentHelp("The script that uses pika.", valueName: "file"), completion: .file())
  var pikaScript = "Benchmarks/pika-publisher/publish.py"

  @Flag(help: "Print JSON.")
  var json = false

  func validate() throws {
    guard messages >= 10, rounds >= 1 else {
      throw ValidationError("--messages must be at least 10 and --rounds at least 1")
    }
    guard !chosen.isEmpty, !chosen.contains(nil) else {
      throw ValidationError("--payloads takes names with commas between: imu, result, unit")
    }
  }

  private var chosen: [BenchmarkPayload?] {
    payloads.split(separator: ",").map { BenchmarkPayload(rawValue: String($0)) }
  }

  func run() async throws {
    var plan = BusBenchmark.Plan()
    plan.payloads = chosen.compactMap(\.self)
    plan.messages = messages
    plan.rounds = rounds
    plan.pika = comparePika.map { ($0, pikaScript) }
    var logger = Logger(label: "bench")
    logger.logLevel = .error
    do {
      let benchmark = try BusBenchmark(plan: plan, url: url, clocks: .system, logger: logger) { Console.error($0) }
      let report = try await benchmark.run()
      Console.print(json ? try report.json() : report.text)
    } catch let error as RabbitMQBusError {
      throw CommandFailure(.unavailable, error.description)
    } catch let error as AMQPError {
      throw CommandFailure(.usage, error.description)
    } catch let error as BusBenchmarkError {
      throw CommandFailure(error == .encrypted ? .usage : .unavailable, error.description)
    }
  }
}
