import ArgumentParser
import Settings

struct DoctorCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "doctor",
    abstract: "Say what is installed, reachable, misconfigured.",
    discussion: """
      Prints one line for each check, and what to do where something is wrong. Exits with 0 when everything needed \
      is there, with 64 when the configuration is wrong, with 69 when something needed is missing or not reachable.

      EXAMPLES
        worldsystem doctor
        worldsystem doctor --config worldsystem.yaml --rtsp-push rtsp://mediamtx:8554/drone
        worldsystem doctor --print-config
      """)

  @OptionGroup var server: ServerOptions
  @OptionGroup var common: ConfigurationOptions

  @Flag(help: "Print the configuration in force, with the source of each value, and check nothing.")
  var printConfig = false

  func run() async throws {
    let resolver = try common.resolver(server.flags)
    let settings = try Settings(resolver)
    if printConfig {
      Console.print(resolver.effectiveFile())
      return
    }
    let findings = await Doctor(settings: settings).examine()
    for finding in findings { Console.print(finding.line) }
    guard let worst = findings.compactMap(\.exitStatus).min(by: { $0.rawValue < $1.rawValue }) else { return }
    throw ExitCode(worst.rawValue)
  }
}
