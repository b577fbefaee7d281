import ArgumentParser
import RelayBenchmark

struct BenchCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench", abstract: "Measure parts of the system on this machine.",
    subcommands: [
      BenchRelayCommand.self, BenchBusCommand.self, BenchSLAMCommand.self, BenchDetectCommand.self,
      BenchMCAPCommand.self, BenchRerunCommand.self,
    ])
}

struct BenchRelayCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "relay",
    abstract: "Measure the relay: one publisher and many consumers on loopback.",
    discussion: """
      Starts a server of its own for each measurement and prints, for each number of consumers: megabits per second \
      out, CPU seconds per gigabit, added latency (p50, p99, largest), missing frames and memory.

      EXAMPLES
        worldsystem bench relay
        worldsystem bench relay --consumers 200 --seconds 20 --no-limit-search
        worldsystem bench relay --json > relay.json
      """)

  @Option(help: ArgumentHelp("Numbers of consumers, with commas between.", valueName: "numbers"))
  var consumers = "1,50,200"

  @Option(help: ArgumentHelp("Bitrate of the stream in megabits per second.", valueName: "mbps"))
  var bitrate = 5.0

  @Option(help: ArgumentHelp("Length of each measurement.", valueName: "seconds"))
  var seconds = 8.0

  @Flag(inversion: .prefixedNo, help: "Look for the largest number of consumers without a missing frame.")
  var limitSearch = true

  @Option(help: ArgumentHelp("Idle consumers for the memory figure; 0 leaves it out.", valueName: "number"))
  var idle = 500

  @Option(
    help: ArgumentHelp(
      "Another server to compare with: its program; it is started with the port as its only argument.",
      valueName: "program"),
    completion: .file())
  var compare: [String] = []

  @Flag(help: "Print JSON.")
  var json = false

  func validate() throws {
    guard counts != nil else {
      throw ValidationError("--consumers takes whole numbers with commas between, such as 1,50,200")
    }
    guard bitrate > 0, seconds >= 2, idle >= 0 else {
      throw ValidationError("--bitrate must be above 0, --seconds at least 2 and --idle at least 0")
    }
  }

  private var counts: [Int]? {
    let numbers = consumers.split(separator: ",").map { Int($0).flatMap { $0 > 0 ? $0 : nil } }
    return numbers.isEmpty || numbers.contains(nil) ? nil : numbers.compactMap { $0 }
  }

  func run() throws {
    OpenFileLimit.raise()
    var plan = RelayBenchmark.Plan()
    plan.megabitsPerSecond = bitrate
    plan.consumers = counts ?? plan.consumers
    plan.seconds = seconds
    plan.searchesLimit = limitSearch
    plan.idleConsumers = idle
    let ours = BenchmarkedServer(
      name: "worldsystem",
      command: [
        try Executable.path(), "serve", "--port", "PORT", "--rtsp-port", "0", "--log-level", "error",
      ])
    let others = compare.map {
      BenchmarkedServer(name: $0.split(separator: "/").last.map(String.init) ?? $0, command: [$0, "PORT"])
    }
    let report = try RelayBenchmark(plan: plan) { Console.error($0) }.run([ours] + others)
    Console.print(json ? try report.json() : report.text)
  }
}
