public import MediaModel

extension Settings {
  /// Messages and video between services.
  public struct Bus: Sendable, Equatable {
    /// `nil`: in process. May carry credentials, so it must not be logged as it is.
    public var url: String?
    /// Whether video goes through the broker too.
    public var carriesVideo: Bool
    /// `nil`: host name and port.
    public var node: String?
    /// `nil`: beside the recordings.
    public var spoolPath: String?
    public var spoolBytes: Int
    /// What the broker keeps of each stream.
    public var videoBytes: Int
    public var videoAge: Nanoseconds

    init(_ resolver: SettingsResolver) throws(SettingsError) {
      url = try resolver.value(SettingsTable.busURL).nilIfEmpty
      carriesVideo = try resolver.value(SettingsTable.busVideo)
      node = try resolver.value(SettingsTable.busNode).nilIfEmpty
      spoolPath = try resolver.value(SettingsTable.spoolPath).nilIfEmpty
      spoolBytes = try resolver.value(SettingsTable.spoolMebibytes) << 20
      videoBytes = try resolver.value(SettingsTable.busVideoMebibytes) << 20
      videoAge = .seconds(Double(try resolver.value(SettingsTable.busVideoSeconds)))
      guard carriesVideo, url == nil else { return }
      throw .badValue(
        source: resolver.source(of: SettingsTable.busVideo.definition) ?? "default", key: "bus.video", value: "true",
        allowed: "bus.url (RABBITMQ_URL, --bus) beside it")
    }
  }

  /// Phones and viewers.
  public struct Telemetry: Sendable, Equatable {
    /// `nil`: beside the recordings.
    public var uploadPath: String?
    /// Of one file.
    public var uploadBytes: Int

    init(_ resolver: SettingsResolver) throws(SettingsError) {
      uploadPath = try resolver.value(SettingsTable.uploadPath).nilIfEmpty
      uploadBytes = try resolver.value(SettingsTable.uploadMebibytes) << 20
    }
  }

  /// Network time.
  public struct Clock: Sendable, Equatable {
    public var isEnabled: Bool
    /// To ask before the usual ones.
    public var servers: [String]
    /// Whether to ask the usual ones while none of the others answers.
    public var asksPublicServers: Bool

    init(_ resolver: SettingsResolver) throws(SettingsError) {
      isEnabled = try resolver.value(SettingsTable.clockEnabled)
      servers = try resolver.value(SettingsTable.clockServers)
      asksPublicServers = try resolver.value(SettingsTable.clockPublicServers)
    }
  }

  /// Lifecycle events by HTTP.
  public struct Webhooks: Sendable, Equatable {
    /// May carry secrets, so they must not be logged as they are.
    public var urls: [String]
    public var secretFile: String?

    init(_ resolver: SettingsResolver) throws(SettingsError) {
      urls = try resolver.value(SettingsTable.webhookURLs)
      secretFile = try resolver.value(SettingsTable.webhookSecretFile).nilIfEmpty
      guard let bad = urls.first(where: { !$0.hasPrefix("http://") && !$0.hasPrefix("https://") }) else { return }
      throw .badValue(
        source: resolver.source(of: SettingsTable.webhookURLs.definition) ?? "default", key: "webhooks.urls",
        value: bad, allowed: SettingsTable.webhookURLs.definition.allowed)
    }
  }

  /// Spans to a collector.
  public struct Tracing: Sendable, Equatable {
    /// `nil`: nothing is traced.
    public var endpoint: String?
    /// 0…1.
    public var sampleRatio: Double

    init(_ resolver: SettingsResolver) throws(SettingsError) {
      endpoint = try resolver.value(SettingsTable.tracingEndpoint).nilIfEmpty
      sampleRatio = try resolver.value(SettingsTable.tracingSampleRatio)
    }
  }
}
