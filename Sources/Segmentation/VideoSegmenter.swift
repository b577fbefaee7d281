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
    var step = step(for: nil)
    for (object, prompt) in prompts { step.show(object, prompt, resolution) }
    guard !step.isEmpty else { return [] }
    let image = try await networks.encode(pixels)
    let masks = try await step.masks(image, of: Array(step.objects.indices))
    return take(try await step.results(image, masks))
  }

  /// Finds objects in the next frame, which ``finish(_:prompts:)`` then ends: who decides by their masks which prompts the
  /// frame gets, has them in between.
  ///
  /// - Parameters:
  ///   - pixels: as for ``track(_:of:prompts:)``.
  ///   - resolution: of the picture before it was made square.
  ///   - chosen: objects that are looked for; `nil` for all. For the others it is as if there were no such frame.
  /// - Throws: ``InferenceError``
  public func look(
    _ pixels: Tensor, of resolution: Resolution, for chosen: Set<Int>? = nil
  ) async throws(InferenceError) -> OpenFrame {
    let step = step(for: chosen)
    let image = try await networks.encode(pixels)
    let masks = try await step.masks(image, of: Array(step.objects.indices))
    return OpenFrame(step: step, image: image, masks: masks, resolution: resolution)
  }

  /// Ends a frame: shows what the prompts say in it, and remembers it.
  ///
  /// The result is that of ``track(_:of:prompts:)`` with the same prompts.
  /// - Returns: every object that was looked for or shown, in the order in which they were added.
  /// - Throws: ``InferenceError``. The frame is then as if it had not been.
  /// - Precondition: no other frame was tracked since ``look(_:of:for:)``, and no object removed that it looked for.
  public mutating func finish(
    _ frame: OpenFrame, prompts: [(object: Int, prompt: SegmentationPrompt)] = []
  ) async throws(InferenceError) -> [SegmentedObject] {
    var (step, masks) = (frame.step, frame.masks)
    // An object that is followed, but was not looked for, brings its memory.
    let known = Set(step.objects.map(\.id))
    for object in followed where !known.contains(object.id) && prompts.contains(where: { $0.object == object.id }) {
      step.add(object.id, object.memory)
    }
    var shown: [Int] = []
    for (object, prompt) in prompts {
      let place = step.show(object, prompt, frame.resolution)
      if !shown.contains(place) { shown.append(place) }
    }
    let found = try await step.masks(frame.image, of: shown.sorted())
    for (place, mask) in zip(shown.sorted(), found) {
      if place < masks.count { masks[place] = mask } else { masks.append(mask) }
    }
    return take(try await step.results(frame.image, masks))
  }

  private func step(for chosen: Set<Int>?) -> TrackingStep {
    var step = TrackingStep(networks: networks, batch: options.batch)
    for object in followed where chosen?.contains(object.id) ?? true { step.add(object.id, object.memory) }
    return step
  }

  /// Remembers a frame.
  private mutating func take(_ results: [TrackingStep.Result]) -> [SegmentedObject] {
    for result in results {
      var memory = result.object.memory
      memory.remember(
        result.memory, result.mask.pointer, isConditioning: result.object.prompt != nil,
        limit: options.conditioningFrames)
      let object = Followed(id: result.object.id, memory: memory)
      if let place = followed.firstIndex(where: { $0.id == object.id }) {
        followed[place] = object
      } else {
        followed.append(object)
      }
    }
    return results.map(\.segmented)
  }
}
