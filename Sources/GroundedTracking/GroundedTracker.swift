public import Detection
public import Inference
public import MediaModel
public import Segmentation
public import Tracking
import Vision

/// Finds what a sentence names in a video, cuts it out and keeps its identity, every step on every frame and in order: the
/// same video gives the same bits.
///
/// In each frame the segmenter first finds the objects that are followed. Where the frame is searched, the detections
/// are compared with these masks; an object that is new, or that its mask has left, is then shown to the segmenter
/// in the same frame.
///
/// A value that one task owns.
public struct GroundedTracker: Sendable {
  /// What came of a frame.
  public struct Outcome: Hashable, Sendable {
    /// In the order of ids.
    public var objects: [TrackedObject] = []
    /// Why the frame was searched; `nil` when it was not.
    public var reason: DetectionReason?
    /// What the search found, before it was associated.
    public var detections: [DetectedBox] = []
    /// Objects that are new.
    public var started: [Int] = []
    public var ended: [EndedTrack] = []

    public init() {}
  }

  public let options: GroundedOptions
  public private(set) var prompt: GroundingPrompt
  public private(set) var tracker: ObjectTracker
  private var detector: GroundingDetector
  private var segmenter: VideoSegmenter
  private var schedule: DetectionSchedule
  /// Objects that were in sight in the frame before.
  private var inSight: Set<Int> = []
  private var labels = ObjectLabels()

  /// - Parameter tracker: goes on with its ids.
  public init(
    detector: GroundingDetector, networks: SegmentationNetworks, prompt: GroundingPrompt,
    options: GroundedOptions = GroundedOptions(), tracker: ObjectTracker? = nil
  ) {
    self.detector = detector
    self.prompt = prompt
    self.options = options
    self.tracker = tracker ?? ObjectTracker(options.tracking)
    segmenter = VideoSegmenter(networks, options: options.segmentation)
    schedule = DetectionSchedule(
      interval: options.detectionInterval, minimalGap: options.minimalDetectionGap, sceneChange: options.sceneChange)
  }

  /// The objects that are followed, whether in sight or not.
  public var followed: [Int] { segmenter.objects }

  /// Looks for something else from the next frame on. Objects that the new prompt does not name end.
  public mutating func look(for prompt: GroundingPrompt) {
    self.prompt = prompt
    schedule.promptChanged()
    end(labels.objects(notIn: prompt.phrases))
  }

  /// Ends all objects: what comes is another video.
  public mutating func restart() {
    end(segmenter.objects)
    tracker.reset()
    _ = tracker.takeEnded()
    segmenter = VideoSegmenter(segmenter.networks, options: options.segmentation)
    schedule = DetectionSchedule(
      interval: options.detectionInterval, minimalGap: options.minimalDetectionGap, sceneChange: options.sceneChange)
  }

  private mutating func end(_ ids: [Int]) {
    tracker.end(ids)
    for id in ids { segmenter.remove(id) }
    labels.forget(ids)
    inSight.subtract(ids)
  }

  /// Finds and follows the objects in the next frame.
  /// - Parameters:
  ///   - image: of the same size as those before.
  ///   - nanos: when it was taken; does not go back.
  /// - Throws: ``InferenceError``. The frame is then as if it had not been.
  public mutating func track(_ image: RGBImage, at nanos: Int64) async throws(InferenceError) -> Outcome {
    let before = self
    do {
      return try await next(image, at: nanos)
    } catch {
      // What a search's text was turned into is worth keeping, and true.
      let detector = detector
      self = before
      self.detector = detector
      throw error
    }
  }

  private mutating func next(_ image: RGBImage, at nanos: Int64) async throws(InferenceError) -> Outcome {
    let resolution = Resolution(width: image.width, height: image.height)
    let open = segmenter.objects.isEmpty ? nil : try await segmenter.look(image)
    let masks = FollowedMask.of(open?.objects ?? [], at: resolution)
    let visible = Set(masks.filter(\.isVisible).map(\.id))
    let hasLost = !inSight.subtracting(visible).isEmpty
    inSight = visible
    var outcome = Outcome()
    outcome.reason = schedule.reason(SceneSignature(GreyImage(luma: image)), hasLost: hasLost)
    tracker.resolution = resolution
    outcome.objects = tracker.follow(masks, at: nanos)
    if outcome.reason == nil {
      if let open { _ = try await segmenter.finish(open) }
      outcome.ended = tracker.takeEnded()
    } else {
      try await search(image, open, &outcome, at: nanos)
    }
    end(outcome.ended.map(\.id))
    labels.keep(outcome.objects)
    return outcome
  }

  /// Searches a frame whose masks the tracker knows.
  private mutating func search(
    _ image: RGBImage, _ open: OpenFrame?, _ outcome: inout Outcome, at nanos: Int64
  ) async throws(InferenceError) {
    outcome.detections = try await detector.detect(in: image, naming: prompt)
    schedule.searched()
    let observations = outcome.detections.map { ObjectObservation($0, of: prompt) }
    let association = tracker.associate(observations, at: nanos).withoutStillborn
    outcome.started = association.started.map(\.id)
    outcome.ended = association.ended
    for start in association.started { labels.keep(start.observation.label, of: start.id) }
    let prompts = association.prompts(observations)
    var found: [SegmentedObject] = []
    if let open {
      found = try await segmenter.finish(open, prompts: prompts)
    } else if !prompts.isEmpty {
      found = try await segmenter.track(image, prompts: prompts)
    }
    let ended = Set(association.ended.map(\.id))
    found.removeAll { ended.contains($0.id) }
    let masks = FollowedMask.of(found, at: Resolution(width: image.width, height: image.height))
    inSight = Set(masks.filter(\.isVisible).map(\.id))
    outcome.objects = tracker.follow(masks, at: nanos)
    outcome.ended += tracker.takeEnded()
  }
}

extension Association {
  /// Without new objects that others crowded out at once.
  var withoutStillborn: Association {
    var association = self
    let ended = Set(ended.map(\.id))
    association.started.removeAll { ended.contains($0.id) }
    return association
  }

  /// What shows the segmenter the objects that are new and those that it has left, in the order of ids.
  func prompts(_ observations: [ObjectObservation]) -> [(object: Int, prompt: SegmentationPrompt)] {
    let anew = matched.filter(\.needsPrompt).map {
      (object: $0.id, prompt: SegmentationPrompt.box(observations[$0.detection].box))
    }
    let new = started.map { (object: $0.id, prompt: SegmentationPrompt.box($0.observation.box)) }
    return (anew + new).sorted { $0.object < $1.object }
  }
}

extension ObjectObservation {
  /// A detection under the phrase of the prompt that it fits best: single words that the detector was sure of would be
  /// another label in every search.
  init(_ detection: DetectedBox, of prompt: GroundingPrompt) {
    let phrase = detection.category.flatMap { prompt.phrases.indices.contains($0) ? prompt.phrases[$0] : nil }
    self.init(box: detection.box, label: phrase ?? detection.label, score: detection.score)
  }
}

extension FollowedMask {
  /// What the segmenter says, in pixels of the picture, each of one object only.
  static func of(_ objects: [SegmentedObject], at resolution: Resolution) -> [FollowedMask] {
    let masks = LogitMask.nonOverlapping(objects.map(\.mask), at: resolution)
    return zip(objects, masks).map { object, mask in
      let extent = object.isVisible ? MaskBitmap(mask)?.box : nil
      return FollowedMask(
        id: object.id, mask: extent == nil ? nil : mask, box: extent ?? .zero, isVisible: extent != nil,
        quality: min(max(object.estimatedOverlap, 0), 1))
    }
  }
}

/// What the objects that are followed are called.
struct ObjectLabels: Hashable, Sendable {
  private var labels: [Int: String] = [:]

  mutating func keep(_ objects: [TrackedObject]) {
    for object in objects { labels[object.id] = object.label }
  }

  mutating func keep(_ label: String, of id: Int) { labels[id] = label }

  mutating func forget(_ ids: [Int]) { for id in ids { labels[id] = nil } }

  /// Ascending.
  func objects(notIn phrases: [String]) -> [Int] {
    labels.filter { !phrases.contains($0.value) }.map(\.key).sorted()
  }
}
