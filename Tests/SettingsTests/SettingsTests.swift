import Foundation
import MediaModel
import Settings
import Testing

@Suite struct SettingsTests {
  static func resolve(
    flags: [String: [String]] = [:], environment: [String: String] = [:], file: String? = nil
  ) throws -> Settings {
    let file = try file.map { try SettingsFile(text: $0, path: "worldsystem.yaml") }
    return try Settings(SettingsResolver(flags: flags, environment: environment, file: file))
  }

  @Test func defaults() throws {
    let settings = Settings.defaults
    #expect(settings.server.host == "127.0.0.1")
    #expect(settings.server.port == 5001)
    #expect(settings.server.grace == .seconds(15))
    #expect(settings.rtsp.port == 8554)
    #expect(settings.rtsp.pushQueueUnits == 100)
    #expect(settings.recording.path == "recordings")
    #expect(settings.recording.segmentDuration == .seconds(60))
    #expect(settings.recording.keep == nil)
    #expect(settings.simulator.resolution == Resolution(width: 1280, height: 720))
    #expect(settings.tls.mode == .off)
    #expect(settings.access.tokenFile == nil)
  }

  @Test func flagsWinOverEnvironmentOverFile() throws {
    let file = "server:\n  port: 1\n  host: 10.0.0.1\n  grace_seconds: 3\n"
    let settings = try Self.resolve(
      flags: ["server.port": ["3"]], environment: ["API_PORT": "2", "BIND_HOST": "10.0.0.2"], file: file)
    #expect(settings.server.port == 3)
    #expect(settings.server.host == "10.0.0.2")
    #expect(settings.server.grace == .seconds(3))
  }

  @Test func emptyVariablesCountAsNotSet() throws {
    #expect(try Self.resolve(environment: ["API_PORT": ""]).server.port == 5001)
  }

  @Test func environmentNamesOfTheContainers() throws {
    let settings = try Self.resolve(environment: [
      "BIND_HOST": "0.0.0.0", "API_PORT": "6001", "RTSP_PORT": "9554", "STORAGE_PATH": "/app/recordings",
      "VIDEO_CHUNK_DURATION_SECONDS": "30", "STORAGE_FRAME_SKIP": "0",
    ])
    #expect(settings.server.host == "0.0.0.0")
    #expect(settings.server.port == 6001)
    #expect(settings.rtsp.port == 9554)
    #expect(settings.recording.path == "/app/recordings")
    #expect(settings.recording.segmentDuration == .seconds(30))
    #expect(settings.recording.frameSkip == 1)
  }

  @Test func listsComeFromTheFile() throws {
    let settings = try Self.resolve(
      file: "server:\n  allowed_origins: [https://a.example.com, \"*\"]\n  allowed_hosts:\n    - b.example.com\n")
    #expect(settings.server.allowedOrigins == ["https://a.example.com", "*"])
    #expect(settings.server.allowedHosts == ["b.example.com"])
  }

  @Test(
    arguments: [
      (
        ["server.port": ["70000"]], [:],
        "--port: “70000” does not fit server.port: expected a whole number from 0 to 65535"
      ),
      (
        [:], ["RTSP_PORT": "http"],
        "environment variable RTSP_PORT: “http” does not fit rtsp.port: expected a whole number from 0 to 65535"
      ),
      (
        ["log.level": ["loud"]], [:],
        "--log-level: “loud” does not fit log.level: expected trace, debug, info, notice, warning, error or critical"
      ),
      (
        ["rtsp.push_url": ["http://x"]], [:],
        "--rtsp-push: “http://x” does not fit rtsp.push_url: expected an rtsp:// or rtsps:// URL"
      ),
      (
        ["tls.mode": ["files"]], [:],
        "--tls: “files” does not fit tls.mode: expected tls.certificate_file and tls.key_file beside it"
      ),
    ] as [([String: [String]], [String: String], String)])
  func badValuesNameTheirSource(flags: [String: [String]], environment: [String: String], message: String) {
    let error = #expect(throws: SettingsError.self) { try Self.resolve(flags: flags, environment: environment) }
    #expect(error?.description == message)
  }

  @Test func certificateFilesTurnEncryptionOn() throws {
    let both = ["tls.certificate_file": ["c.pem"], "tls.key_file": ["k.pem"]]
    #expect(try Self.resolve(flags: both).tls.mode == .files)
    #expect(try Self.resolve(flags: both, file: "tls:\n  mode: off\n").tls.mode == .off)
  }

  @Test func oddPictureSizesAreRefused() {
    let error = #expect(throws: SettingsError.self) { try Self.resolve(file: "simulator:\n  width: 641\n") }
    #expect(
      error?.description
        == "worldsystem.yaml:2: “641” does not fit simulator.width: expected an even number of pixels")
  }

  @Test func effectiveFileNamesSources() throws {
    let file = try SettingsFile(text: "log:\n  format: json\n", path: "ws.yaml")
    let resolver = SettingsResolver(flags: ["server.port": ["1"]], environment: ["BIND_HOST": "::1"], file: file)
    let text = resolver.effectiveFile()
    #expect(text.contains("  port: 1  # from --port\n"))
    #expect(text.contains("  host: \"::1\"  # from environment variable BIND_HOST\n"))
    #expect(text.contains("  format: json  # from ws.yaml:2\n"))
    #expect(text.contains("  grace_seconds: 15\n"))
    let again = try SettingsFile(text: text, path: "again.yaml")
    let settings = try Settings(SettingsResolver(flags: [:], environment: [:], file: again))
    #expect(try settings == Settings(resolver))
  }

  @Test func secretsInURLsAreNotPrinted() throws {
    let environment = [
      "RABBITMQ_URL": "amqp://user:hidden@broker:5672/", "WORLDSYSTEM_WEBHOOKS": "https://ops.example/hook?key=hidden",
    ]
    let flags = ["rtsp.push_url": ["rtsp://camera:hidden@media/drone"]]
    let resolver = SettingsResolver(flags: flags, environment: environment, file: nil)
    #expect(try Settings(resolver).bus.url == "amqp://user:hidden@broker:5672/")
    let text = resolver.effectiveFile()
    #expect(!text.contains("hidden"))
    #expect(text.contains("amqp://broker:5672/"))
    let bad = SettingsResolver(flags: ["bus.url": ["http://user:hidden@broker"]], environment: [:], file: nil)
    let error = #expect(throws: SettingsError.self) { try Settings(bad) }
    #expect(error?.description.contains("hidden") == false)
    #expect(error?.description.contains("bus.url") == true)
  }

  @Test func videoOverTheBusNeedsABroker() {
    let resolver = SettingsResolver(flags: ["bus.video": ["true"]], environment: [:], file: nil)
    let error = #expect(throws: SettingsError.self) { try Settings(resolver) }
    #expect(error?.description.contains("RABBITMQ_URL") == true)
  }

  @Test func webhooksAreURLs() {
    let resolver = SettingsResolver(
      flags: [:], environment: ["WORLDSYSTEM_WEBHOOKS": "https://a.example/x,ftp://b.example"], file: nil)
    let error = #expect(throws: SettingsError.self) { try Settings(resolver) }
    #expect(error?.description.contains("ftp://b.example") == true)
  }
}
