import ArgumentParser
import Settings

struct UpCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "up",
    abstract: "Run every role in this process.",
    discussion: """
      Beyond this machine it asks for tokens: it makes them at the first start, keeps them beside the recordings and \
      prints them once.

      EXAMPLES
        worldsystem up --demo                             with a simulated flight
        worldsystem up --no-detect                        without looking for objects
        worldsystem up --host 0.0.0.0 --tls self-signed   for phones in the network
      """)

  @Flag(help: "Publish a simulated flight as stream 'drone'.")
  var demo = false

  @Flag(help: "Do not look for objects in stream 'drone'.")
  var noDetect = false

  @Option(help: ArgumentHelp("Run models on this server of the Open Inference Protocol.", valueName: "host:port"))
  var triton: String?

  @Flag(name: .customLong("no-mcap"), help: "Write no MCAP file beside the video of recordings.")
  var writesNoMCAP = false

  @OptionGroup var server: ServerOptions
  @OptionGroup var common: ConfigurationOptions

  func run() async throws {
    let settings = try common.load(
      server.flags.merging([
        "detect.enabled": noDetect ? "false" : nil, "detect.triton": triton,
        "recording.mcap": writesNoMCAP ? "false" : nil,
      ]) { first, _ in first })
    if settings.detection.isEnabled { try await DetectionServer.check(settings.detection) }
    var process = ServerProcess(settings: settings, tokens: .generatedWhenNeeded)
    process.fliesDemo = demo
    process.records = true
    process.perceives = true
    process.showsPhoneCode = Console.isTerminal
    try await process.run()
  }
}
