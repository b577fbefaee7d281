public import MediaModel
public import TelemetryProtocol

/// How phones and viewers are served.
public struct TelemetryOptions: Sendable {
  /// Names this server on the bus.
  public var node: String
  public var limits = TelemetryLimits()
  public var commands = CommandQueue.Limits()
  public var viewerQueue = ViewerQueue.Limits()
  /// Maps and ways that are kept for viewers.
  package var maps = MapShelf.Limits()
  /// Samples a second that a viewer gets unless it asks for all.
  public var viewerSampleRate = 60.0
  /// Commands a second of one viewer; a gamepad sends 60 of each kind.
  public var viewerCommandRate = 500
  /// Commands of other nodes that are older were held up on the bus, and are dropped.
  public var remoteCommandAge = Nanoseconds.seconds(2)
  /// How often each phone gets a line in the log.
  public var reportInterval = Nanoseconds.seconds(60)
  /// Folder for uploads of phones whose stream is not recorded.
  public var uploadFolder: String
  /// The folder of the recording that runs for a stream, if there is one. Called on the upload thread.
  public var sessionFolder: @Sendable (StreamName) -> String?

  public init(
    node: String, uploadFolder: String, sessionFolder: @escaping @Sendable (StreamName) -> String? = { _ in nil }
  ) {
    self.node = node
    self.uploadFolder = uploadFolder
    self.sessionFolder = sessionFolder
  }
}
