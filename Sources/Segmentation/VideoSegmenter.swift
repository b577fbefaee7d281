public import Inference
public import MediaModel

/// Follows objects through a video: prompts show them in a frame, and each later frame gets a mask for each, from what is
/// remembered of the frames before.
///
/// A value that one task owns. Objects come and go while it runs; memory is bounded however long that is. Its own work
/// beside the networks is some milliseconds a frame, so run it under the preference of a thread of its own.
///
/// Source: Ravi et al. 2024, "SAM 2: Segment Anything in Images and Videos", as Hugging Face's `Sam2VideoModel` and
/// `EdgeTamVideoModel` do it on a stream.
public struct VideoSegmenter: Sendable {
  /// An object that is followed.
  private struct Followed {
    var id: Int
    var memory: ObjectMemory
  }

  public let networks: SegmentationNetworks
  public let options: SegmentationOptions
  private var followed: [Followed] = []
  private var frame = 0

  /// - Precondition: at least one frame of a prompt is kept, and one object goes through a network at once.
  public init(_ networks: SegmentationNetworks, options: SegmentationOptions = SegmentationOptions()) {
    precondition(options.conditioningFrames > 0 && options.batch > 0)
    self.networks = networks
    self.options = options
  }

  /// The objects that are followed, in the order in which they were added.
  public var objects: [Int] { followed.map(\.id) }

  /// Ends following an object. An object that is not followed is none of its business.
  public mutating func remove(_ object: Int) { followed.removeAll { $0.id == object } }

  /// Finds the objects in the next frame.
  ///
  /// - Parameters:
  ///   - pixels: the picture, `[1, 3, image, image]` of ``SegmentationSizes``, with the mean and deviation of ImageNet, as
  ///     `ImageNormaliser` makes it.
  ///   - resolution: of the picture before it was made square.
  ///   - prompts: by object. A prompt for an object that is not followed adds it; one for an object that is, shows it anew.
  ///     Of several for one object, the last counts.
  /// - Returns: every object that is followed, in the order in which they were added.
  /// - Throws: ``InferenceError``. The frame is then as if it had not been.
  public mutating func track(
    _ pixels: Tensor, of resolution: Resolution, prompts: [(object: Int, prompt: SegmentationPrompt)] = []
  ) async throws(InferenceError) -> [SegmentedObject] {
    var step = TrackingStep(networks: networks, batch: options.batch, frame: frame)
    for object in followed { step.add(object.id, object.memory) }
    for (object, prompt) in prompts { step.show(object, prompt, resolution) }
    guard !step.isEmpty else {
      frame += 1
      return []
    }
    let results = try await step.run(pixels)
    followed = results.map { result in
      var memory = result.object.memory
      memory.remember(
        ObjectMemory.Frame(index: frame, memory: result.memory, pointer: result.mask.pointer),
        isConditioning: result.object.prompt != nil, limit: options.conditioningFrames)
      return Followed(id: result.object.id, memory: memory)
    }
    frame += 1
    let size = networks.sizes.mask
    return results.map { result in
      SegmentedObject(
        id: result.object.id, mask: LogitMask(width: size, height: size, logits: result.mask.logits),
        objectScore: result.mask.score, estimatedOverlap: result.mask.overlap, isPrompted: result.object.prompt != nil)
    }
  }
}
