/// The objects found in one frame.
public struct ProcessedFrame: JSONBody, Hashable {
  public static let topic = Topic.processedFrames

  public var frameNumber: Int
  /// Capture time, seconds since 1970.
  public var timestamp: Double
  public var objects: [Object]
  /// The stream that the frame is of.
  public var stream: String?
  /// How they were found: `motion`, `fastestdet`, `grounded`.
  public var mode: String?

  public init(
    frameNumber: Int, timestamp: Double, objects: [Object], stream: String? = nil, mode: String? = nil
  ) {
    self.frameNumber = frameNumber
    self.timestamp = timestamp
    self.objects = objects
    self.stream = stream
    self.mode = mode
  }

  enum CodingKeys: String, CodingKey {
    case frameNumber = "frame_number"
    case timestamp, objects, stream, mode
  }

  /// One object in one frame.
  public struct Object: Codable, Hashable, Sendable {
    /// Stays the same as long as the object is followed; never used again.
    public var id: Int
    public var label: String
    /// 0…1.
    public var score: Double
    /// `[x0, y0, x1, y1]` in pixels.
    public var box: [Double]
    /// Pixels of the mask; of the box where there is no mask.
    public var area: Int
    /// `[height, width]` of the mask, which are those of the picture.
    public var maskShape: [Int]
    public var mask: Mask?
    /// `measured` in this frame, `carried` here from an earlier one, or `predicted` while it is hidden.
    public var sighting: String?

    public init(
      id: Int, label: String, score: Double, box: [Double], area: Int, maskShape: [Int], mask: Mask? = nil,
      sighting: String? = nil
    ) {
      self.id = id
      self.label = label
      self.score = score
      self.box = box
      self.area = area
      self.maskShape = maskShape
      self.mask = mask
      self.sighting = sighting
    }

    enum CodingKeys: String, CodingKey {
      case id, label, score, box, area, mask, sighting
      case maskShape = "mask_shape"
    }
  }

  /// A mask as COCO compressed run lengths.
  public struct Mask: Codable, Hashable, Sendable {
    /// `[height, width]`.
    public var size: [Int]
    public var counts: String

    public init(size: [Int], counts: String) {
      self.size = size
      self.counts = counts
    }
  }
}

/// What a followed object was identified as.
public struct IdentificationResult: JSONBody, Hashable {
  public static let topic = Topic.identificationResults

  public var objectID: Int
  /// Seconds since 1970.
  public var timestamp: Double
  /// Findings by the name of what was asked.
  public var results: [String: String]

  public init(objectID: Int, timestamp: Double, results: [String: String]) {
    self.objectID = objectID
    self.timestamp = timestamp
    self.results = results
  }

  enum CodingKeys: String, CodingKey {
    case objectID = "object_id"
    case timestamp, results
  }
}

/// Asks services to start anew.
public struct RestartRequest: JSONBody, Hashable {
  public static let topic = Topic.restart

  public var type = "restart"

  public init() {}
}
