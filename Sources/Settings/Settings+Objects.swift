extension Settings {
  /// Where objects are in the world.
  public struct Objects: Sendable, Equatable {
    /// Whether `up` finds it out.
    public var isEnabled: Bool
    /// `nil`: beside the recordings.
    public var file: String?

    init(_ resolver: SettingsResolver) throws(SettingsError) {
      isEnabled = try resolver.value(SettingsTable.objectsEnabled)
      file = try resolver.value(SettingsTable.objectsFile).nilIfEmpty
    }
  }
}
