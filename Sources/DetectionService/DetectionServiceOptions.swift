public import MediaModel

/// How to find objects in one stream.
public struct DetectionServiceOptions: Sendable {
  /// What is looked for when nobody says otherwise.
  public static let usualPrompt = "all objects. item. thing. stuff."

  /// The name of the stream, in messages.
  public var stream: String
  /// Every n-th frame is looked at; 0 and 1 mean each.
  public var frameSkip = 1
  /// `nil`: what ``FinderSource/usualMode`` says.
  public var mode: DetectionMode?
  public var prompt = DetectionServiceOptions.usualPrompt
  /// Bytes of a prompt at most: Grounding DINO reads 256 word pieces.
  public var promptBytes = 2_000
  /// Takes a line for each frame; `nil`: no file is written.
  public var results: DetectionResultsFile?
  /// Gets each frame that was looked at, on the service's thread: objects, picture, number, and when it was captured in
  /// nanoseconds.
  public var watch: (@Sendable ([TrackedObject], Picture, Int, Int64) -> Void)?

  public init(stream: String) { self.stream = stream }
}
