public import MediaModel

/// Where an object is in the world.
public struct ObjectPlace: Hashable, Sendable {
  /// Its identifier in the world, whatever track it is seen as.
  public var object: Int
  /// `x, y, z`.
  public var position: [Double]
  /// 3 × 3, row by row.
  public var covariance: [Double]
  public var method: String
  /// Whether these are metres with z up.
  public var isMetric: Bool
  /// Latitude, longitude and altitude.
  public var wgs84: [Double]?

  public init(
    object: Int, position: [Double], covariance: [Double], method: String, isMetric: Bool, wgs84: [Double]? = nil
  ) {
    self.object = object
    self.position = position
    self.covariance = covariance
    self.method = method
    self.isMetric = isMetric
    self.wgs84 = wgs84
  }
}

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
  /// Says where the objects of a frame are in the world, by identifier, given their picture's size and when it was
  /// captured; for the file of results.
  public var places: (@Sendable ([TrackedObject], Resolution, Int64) -> [Int: ObjectPlace])?
  /// Gets each frame that was looked at, on the service's thread: objects, picture, number, and when it was captured in
  /// nanoseconds.
  public var watch: (@Sendable ([TrackedObject], Picture, Int, Int64) -> Void)?

  public init(stream: String) { self.stream = stream }
}
