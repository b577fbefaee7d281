public import Detection
public import Inference
public import MediaModel
public import Segmentation

/// Work for the segmenter: the frame that was just given to ``LiveTracker/frame(_:of:at:)``.
public struct SegmentationOrder: Sendable {
  /// Objects that it forgets first.
  public var removed: [Int] = []
  /// Objects that it looks for, of those that it follows.
  public var chosen: Set<Int> = []
  /// Objects that are shown to it in this frame.
  public var prompts: [(object: Int, prompt: SegmentationPrompt)] = []

  /// How many objects that are.
  public var count: Int { chosen.union(prompts.map(\.object)).count }

  /// Does the work.
  /// - Throws: `InferenceError`. The segmenter is then as if it had not been asked, but for what it forgot.
  public func run(
    _ segmenter: inout VideoSegmenter, on image: RGBImage
  ) async throws(InferenceError) -> [SegmentedObject] {
    for id in removed { segmenter.remove(id) }
    guard !prompts.isEmpty || !chosen.isDisjoint(with: segmenter.objects) else { return [] }
    return try await segmenter.finish(try await segmenter.look(image, for: chosen), prompts: prompts)
  }
}

/// Work for the detector: the frame that was just given to ``LiveTracker/frame(_:of:at:)``.
public struct DetectionOrder: Sendable {
  public var prompt: GroundingPrompt
  /// Which of the detector's networks.
  public var size: Int
  public var reason: DetectionReason
}

/// What came of a frame of a live stream.
public struct LiveOutcome: Sendable {
  /// In the order of ids.
  public var objects: [TrackedObject] = []
  /// `nil` where the segmenter has work already, or nothing to do.
  public var segmentation: SegmentationOrder?
  /// `nil` where the detector has work already, or nothing to do.
  public var detection: DetectionOrder?
}
