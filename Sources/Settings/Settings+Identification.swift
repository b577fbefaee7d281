extension Settings {
  /// What followed objects are.
  public struct Identification: Sendable, Equatable {
    public var isEnabled: Bool
    /// For pictures of objects; `nil`: beside the recordings.
    public var folder: String?
    /// Where anybody can load what is in the folder; `nil`: nowhere.
    public var publicURL: String?
    /// An endpoint that speaks OpenAI's chat completions; `nil`: none.
    public var visionURL: String?
    public var visionModel: String
    public var requestsPerMinute: Double
    public var requestsPerDay: Int
    /// US dollars.
    public var costPerDay: Double

    init(_ resolver: SettingsResolver) throws(SettingsError) {
      isEnabled = try resolver.value(SettingsTable.identifyEnabled)
      folder = try resolver.value(SettingsTable.identifyFolder).nilIfEmpty
      publicURL = try resolver.value(SettingsTable.identifyPublicURL).nilIfEmpty
      visionURL = try resolver.value(SettingsTable.identifyVisionURL).nilIfEmpty
      visionModel = try resolver.value(SettingsTable.identifyVisionModel)
      requestsPerMinute = try resolver.value(SettingsTable.identifyPerMinute)
      requestsPerDay = try resolver.value(SettingsTable.identifyPerDay)
      costPerDay = try resolver.value(SettingsTable.identifyCostPerDay)
    }
  }
}
