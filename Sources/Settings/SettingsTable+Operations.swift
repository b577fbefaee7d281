// MARK: bus and telemetry

extension SettingsTable {
  static let busURL = Setting.text(
    "bus.url", "", allowed: "an amqp:// or amqps:// URL", from: .environment("RABBITMQ_URL", flag: "--bus"),
    "RabbitMQ, as amqp://user:password@host:5672/vhost. Empty keeps messages in this process.",
    where: { $0.isEmpty || $0.hasPrefix("amqp://") || $0.hasPrefix("amqps://") })
  static let busVideo = Setting.boolean(
    "bus.video", false, from: .flag("--bus-video"),
    "Whether video goes through RabbitMQ too, so that every server on the broker serves every stream.")
  static let busNode = Setting.text(
    "bus.node", "", allowed: "a name", from: .environment("WORLDSYSTEM_NODE"),
    "The name of this server in messages. Empty takes the host name and the port.")
  static let spoolPath = Setting.text(
    "bus.spool_path", "", allowed: "the path of a folder", from: .flag("--spool"),
    "Folder for messages that wait for the broker. Empty takes the folder spool beside the recordings.")
  static let spoolMebibytes = Setting.integer(
    "bus.spool_mebibytes", 512, in: 1...1_048_576,
    "Space for messages that wait for the broker; the oldest video goes first, telemetry and results last.")
  static let busVideoMebibytes = Setting.integer(
    "bus.video_mebibytes", 512, in: 16...1_048_576, "What the broker keeps of each video stream, in space.")
  static let busVideoSeconds = Setting.integer(
    "bus.video_seconds", 600, in: 10...2_592_000, "What the broker keeps of each video stream, in time.")
  static let uploadPath = Setting.text(
    "telemetry.upload_path", "", allowed: "the path of a folder",
    "Folder for files that phones upload. Empty takes the folder uploads beside the recordings.")
  static let uploadMebibytes = Setting.integer(
    "telemetry.upload_mebibytes", 64, in: 1...65_536, "Largest file that a phone may upload.")
}

// MARK: clock, webhooks and tracing

extension SettingsTable {
  static let clockEnabled = Setting.boolean(
    "clock.enabled", true, "Whether to ask time servers; otherwise the system clock is taken as it is.")
  static let clockServers = Setting.list(
    "clock.servers", allowed: "a list of host names, with :PORT where it is not 123",
    from: .environment("NTP_SERVER"), "Time servers to ask before the usual ones.")
  static let clockPublicServers = Setting.boolean(
    "clock.public_servers", true, from: .environment("WORLDSYSTEM_PUBLIC_TIME_SERVERS"),
    "Whether to ask pool.ntp.org, time.cloudflare.com and time.google.com while no other time server answers.")
  static let webhookURLs = Setting.list(
    "webhooks.urls", allowed: "a list of http:// or https:// URLs", from: .environment("WORLDSYSTEM_WEBHOOKS"),
    "Where lifecycle events are posted to.")
  static let webhookSecretFile = Setting.text(
    "webhooks.secret_file", "", allowed: "the path of a file",
    "File with the key that signs what is posted (HMAC-SHA256), readable by its owner only. Empty signs nothing.")
  static let tracingEndpoint = Setting.text(
    "tracing.endpoint", "", allowed: "an http:// or https:// URL",
    from: .environment("OTEL_EXPORTER_OTLP_ENDPOINT", flag: "--trace-to"),
    "An OpenTelemetry collector that takes OTLP by HTTP, as http://localhost:4318. Empty traces nothing.",
    where: { $0.isEmpty || $0.hasPrefix("http://") || $0.hasPrefix("https://") })
  static let tracingSampleRatio = Setting.number(
    "tracing.sample_ratio", 0.01, in: 0...1, "The part of all frames that is traced.")
}
