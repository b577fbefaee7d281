import ArgumentParser

struct ServeCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "serve",
    abstract: "Run the server: publishers come in, consumers go out.",
    discussion: """
      Phones publish to ws://HOST:PORT/ws/video?stream=NAME; consumers read ws://HOST:PORT/ws/h264_stream?stream=NAME.

      EXAMPLES
        worldsystem serve
        worldsystem serve --host 0.0.0.0 --token-file tokens --tls self-signed
        worldsystem serve --port 0 --rtsp-port 0 --log-format json
      """)

  @OptionGroup var server: ServerOptions
  @OptionGroup var common: ConfigurationOptions

  func run() async throws {
    let settings = try common.load(server.flags)
    try await ServerProcess(settings: settings, tokens: .fromFile).run()
  }
}
