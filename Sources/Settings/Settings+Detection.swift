extension Settings {
  /// What is there: objects and their masks.
  public struct Detection: Sendable, Equatable {
    /// Whether `up` runs it.
    public var isEnabled: Bool
    /// The stream that `up` looks at.
    public var stream: String
    /// Every n-th frame of live video, at least 1.
    public var frameSkip: Int
    /// The name of a model, `motion` or `none`; `nil`: the best that is there.
    public var model: String?
    /// The folder of models.
    public var modelFolder: String
    /// `HOST:PORT` of the server that runs the models; `nil`: this process does.
    public var triton: String?
    public var prompt: String
    /// 0…1.
    public var boxThreshold: Double
    /// 0…1.
    public var textThreshold: Double

    init(_ resolver: SettingsResolver) throws(SettingsError) {
      isEnabled = try resolver.value(SettingsTable.detectEnabled)
      stream = try resolver.value(SettingsTable.detectStream)
      frameSkip = max(1, try resolver.value(SettingsTable.detectFrameSkip))
      let name = try resolver.value(SettingsTable.detectModel)
      model = name == "auto" ? nil : name
      modelFolder = try resolver.value(SettingsTable.detectModelFolder)
      let server = try resolver.value(SettingsTable.detectTriton)
      triton = server.isEmpty ? nil : server
      prompt = try resolver.value(SettingsTable.detectPrompt)
      boxThreshold = try resolver.value(SettingsTable.detectBoxThreshold)
      textThreshold = try resolver.value(SettingsTable.detectTextThreshold)
    }
  }
}
