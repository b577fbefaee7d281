public import MediaModel

/// What shows the segmenter an object. Places are in pixels of the picture, from its left upper corner.
public enum SegmentationPrompt: Hashable, Sendable {
  /// A place that is of the object, or is not.
  public struct Point: Hashable, Sendable {
    public var position: SIMD2<Float>
    public var isInside: Bool

    public init(_ position: SIMD2<Float>, isInside: Bool = true) {
      self.position = position
      self.isInside = isInside
    }
  }

  /// Left, top, right and bottom of the object.
  case box(SIMD4<Float>)
  /// Places on the object and beside it, with its box where that is known. At least one place or a box.
  case points([Point], box: SIMD4<Float>? = nil)
  /// The object's mask, as large as the picture.
  case mask(RunLengthMask)
}

/// A prompt as the decoder takes it.
struct DecoderPoints {
  /// x and y in turn, pixels of the network's picture.
  var coordinates: [Float] = []
  /// 1 inside, 0 outside, 2 and 3 the corners of a box, -1 nothing.
  var labels: [Int64] = []
  /// Whether the best of three masks is taken, for a prompt that fits several things, rather than the single one.
  var isAmbiguous: Bool { labels.count <= 1 }

  /// What an object that is tracked is decoded with.
  static let none = DecoderPoints(coordinates: [0, 0], labels: [-1])

  private init(coordinates: [Float], labels: [Int64]) {
    self.coordinates = coordinates
    self.labels = labels
  }

  /// - Parameter scale: from pixels of the picture to those of the network.
  init(_ points: [SegmentationPrompt.Point], box: SIMD4<Float>?, scale: SIMD2<Float>) {
    // The box comes first.
    if let box {
      append(box.lowHalf * scale, 2)
      append(box.highHalf * scale, 3)
    }
    for point in points { append(point.position * scale, point.isInside ? 1 : 0) }
    precondition(!labels.isEmpty, "a prompt has a point or a box")
  }

  private mutating func append(_ position: SIMD2<Float>, _ label: Int64) {
    coordinates += [position.x, position.y]
    labels.append(label)
  }
}
