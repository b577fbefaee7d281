import ArgumentParser

/// Flags of the commands that serve.
struct ServerOptions: ParsableArguments {
  @Option(help: ArgumentHelp("Address to listen on. (default: 127.0.0.1)", valueName: "address"))
  var host: String?

  @Option(help: ArgumentHelp("Port of page, WebSockets and HTTP; 0 takes a free one. (default: 5001)"))
  var port: String?

  @Option(help: ArgumentHelp("Port of the RTSP server; 0 takes a free one. (default: 8554)", valueName: "port"))
  var rtspPort: String?

  @Option(
    name: .customLong("data"),
    help: ArgumentHelp("Folder for recordings, tokens and certificate. (default: recordings)", valueName: "folder"),
    completion: .directory)
  var dataFolder: String?

  @Option(
    help: ArgumentHelp(
      "Tokens: lines publish: TOKEN, view: TOKEN, control: TOKEN; only you may be able to read the file.",
      valueName: "file"),
    completion: .file())
  var tokenFile: String?

  @Flag(help: "Ask for no tokens, on any address.")
  var insecure = false

  @Option(
    help: ArgumentHelp(
      "Encryption: off, self-signed (a certificate made here), or files. (default: off)", valueName: "mode"),
    completion: .list(["off", "self-signed", "files"]))
  var tls: String?

  @Option(help: ArgumentHelp("Certificate chain in PEM.", valueName: "file"), completion: .file())
  var tlsCertificate: String?

  @Option(help: ArgumentHelp("Private key in PEM.", valueName: "file"), completion: .file())
  var tlsKey: String?

  @Flag(help: "Let a second publisher of a stream take over; otherwise it is turned away.")
  var overridePublisher = false

  @Option(
    help: ArgumentHelp("How long a stream lives on without its publisher. (default: 15)", valueName: "seconds"))
  var publisherGrace: String?

  @Option(
    help: ArgumentHelp(
      "Keep another RTSP server fed, as rtsp://mediamtx:8554/drone.", valueName: "url"))
  var rtspPush: String?

  @Option(
    help: ArgumentHelp(
      "RabbitMQ for messages to other processes; better set RABBITMQ_URL, since other users can see flags.",
      valueName: "url"))
  var bus: String?

  @Flag(help: "Send video through RabbitMQ too, so that every server on the broker serves every stream.")
  var busVideo = false

  @Option(
    help: ArgumentHelp("Folder for messages that wait for the broker.", valueName: "folder"),
    completion: .directory)
  var spool: String?

  @Option(
    help: ArgumentHelp("Show streams in a viewer of Rerun, as 127.0.0.1:9876.", valueName: "address"))
  var rerun: String?

  @Option(
    help: ArgumentHelp("Send positions as Cursor-on-Target, as udp://239.2.3.1:6969.", valueName: "url"))
  var cot: String?

  @Option(
    help: ArgumentHelp("OpenTelemetry collector for spans, as http://localhost:4318.", valueName: "url"))
  var traceTo: String?

  /// What was given, by path of the setting.
  var flags: [String: String?] {
    [
      "server.host": host, "server.port": port, "rtsp.port": rtspPort, "recording.path": dataFolder,
      "access.token_file": tokenFile, "access.insecure": insecure ? "true" : nil, "tls.mode": tls,
      "tls.certificate_file": tlsCertificate, "tls.key_file": tlsKey,
      "server.override_publisher": overridePublisher ? "true" : nil, "rtsp.push_url": rtspPush,
      "server.grace_seconds": publisherGrace, "bus.url": bus, "bus.video": busVideo ? "true" : nil,
      "bus.spool_path": spool, "tracing.endpoint": traceTo, "rerun.address": rerun, "cot.url": cot,
    ]
  }
}
