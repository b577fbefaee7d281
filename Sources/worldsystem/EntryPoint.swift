import ArgumentParser

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

@main
enum EntryPoint {
  static func main() async {
    // A reader of our output or a peer that went away is an error of one write, not the end of the process.
    signal(SIGPIPE, SIG_IGN)
    do {
      var command = try WorldSystem.parseAsRoot()
      if var command = command as? any AsyncParsableCommand {
        try await command.run()
      } else {
        try command.run()
      }
    } catch {
      Exit.end(with: error)
    }
  }
}

/// The root command.
struct WorldSystem: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "worldsystem",
    abstract: "Live video and telemetry of drones and phones, to every consumer.",
    discussion: """
      EXAMPLES
        worldsystem up --demo      everything, with a simulated flight
        worldsystem serve          gateway, relay and RTSP, on this machine
        worldsystem serve --host 0.0.0.0 --token-file tokens
                                   the same for the network
        worldsystem doctor         what is installed, reachable, misconfigured
        worldsystem bench relay    measure the relay

      Shell completions: worldsystem --generate-completion-script zsh (or bash, fish)
      Exit codes: 0 done, 64 wrong usage or configuration,
      69 a needed service is not reachable, 1 anything else.
      """,
    version: Version.current,
    subcommands: [
      UpCommand.self, ServeCommand.self, SimulateCommand.self, RecordCommand.self, SLAMCommand.self,
      DetectCommand.self, PublishCommand.self, SessionsCommand.self, ModelsCommand.self, DoctorCommand.self,
      BenchCommand.self,
    ])
}
