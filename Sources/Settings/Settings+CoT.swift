import MediaModel

extension Settings {
  /// Positions as Cursor-on-Target.
  public struct CoT: Sendable, Equatable {
    /// Where they go; `nil`: nowhere.
    public var url: String?
    /// What carries the phones and cameras.
    public var type: String
    /// From one event of a stream to the next.
    public var interval: Nanoseconds
    /// Objects that are sent at most; 0: none.
    public var objects: Int
    /// What objects are of whose names no type is known.
    public var objectType: String
    /// From one event of an object to the next.
    public var objectInterval: Nanoseconds

    init(_ resolver: SettingsResolver) throws(SettingsError) {
      url = try resolver.value(SettingsTable.cotURL).nilIfEmpty
      type = try resolver.value(SettingsTable.cotType)
      interval = .seconds(try resolver.value(SettingsTable.cotSeconds))
      objects = try resolver.value(SettingsTable.cotObjects)
      objectType = try resolver.value(SettingsTable.cotObjectType)
      objectInterval = .seconds(try resolver.value(SettingsTable.cotObjectSeconds))
    }
  }
}
