extension Settings {
  /// Where the camera is.
  public struct SLAM: Sendable, Equatable {
    /// Whether `up` runs it.
    public var isEnabled: Bool
    /// The stream that `up` looks at.
    public var stream: String
    /// Every n-th frame of live video, at least 1.
    public var frameSkip: Int
    /// `nil`: a usual phone's camera.
    public var cameraFile: String?
    public var usesSharedMemory: Bool
    /// `nil`: the map is not kept.
    public var mapFile: String?
    /// Whether to find the depth of key frames.
    public var isDense: Bool

    init(_ resolver: SettingsResolver) throws(SettingsError) {
      isEnabled = try resolver.value(SettingsTable.slamEnabled)
      stream = try resolver.value(SettingsTable.slamStream)
      frameSkip = max(1, try resolver.value(SettingsTable.slamFrameSkip))
      cameraFile = try resolver.value(SettingsTable.slamCameraFile).nilIfEmpty
      usesSharedMemory = try resolver.value(SettingsTable.slamSharedMemory)
      mapFile = try resolver.value(SettingsTable.slamMapFile).nilIfEmpty
      isDense = try resolver.value(SettingsTable.slamDense)
    }
  }
}
