extension Settings {
  /// A viewer of Rerun that streams are sent to.
  public struct Rerun: Sendable, Equatable {
    /// Where the viewer listens; `nil`: nothing is sent.
    public var address: String?
    /// What may wait for the viewer.
    public var queueBytes: Int

    init(_ resolver: SettingsResolver) throws(SettingsError) {
      address = try resolver.value(SettingsTable.rerunAddress).nilIfEmpty
      queueBytes = try resolver.value(SettingsTable.rerunQueueMebibytes) << 20
    }
  }
}
