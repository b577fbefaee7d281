public import Detection
import MediaModel
public import Segmentation
public import Tracking
public import Vision

/// Follows objects on a live stream whose frames come faster than networks can look at them: every frame gets a result at once,
/// and the networks work beside it.
///
/// Masks and boxes of the frames that a network saw are carried to now by the flow of the pixels, each object by a motion of its
/// own. What a network says comes in frames later, about the frame that it was given, and is carried from there. Which
/// frames and objects the networks are given follows their speed, how much an object has changed, and how old its mask is.
///
/// A value without threads or clocks: it says what work there is, and is told what came of it. At most one order of either
/// kind is under way.
public struct LiveTracker: Sendable {
  /// Work under way.
  private struct Job: Sendable {
    var anchor: Int
    var nanos: Int64
    var objects: Set<Int> = []
    var size = 0
    var promptNumber = 0
  }

  public let options: GroundedOptions
  public private(set) var prompt: GroundingPrompt
  public private(set) var tracker: ObjectTracker
  public private(set) var pace: PaceController
  private var flow = FlowTracks()
  private var anchors = AnchorBook()
  private var schedule: DetectionSchedule
  private var objects: [CarriedObject] = []
  /// Objects that are to be shown to the segmenter, with their boxes as those of carried objects.
  private var waiting: [CarriedObject] = []
  /// Objects that the segmenter is to forget.
  private var forgotten: [Int] = []
  private var segmenting: Job?
  private var detecting: Job?
  private var inSight: Set<Int> = []
  private var labels = ObjectLabels()
  private var promptNumber = 0
  private var resolution = Resolution(width: 1, height: 1)
  private var now: Int64 = 0

  /// - Parameters:
  ///   - sizes: of the detector.
  ///   - tracker: goes on with its ids.
  public init(
    sizes: [GroundingDetector.Size], prompt: GroundingPrompt, options: GroundedOptions = GroundedOptions(),
    tracker: ObjectTracker? = nil
  ) {
    self.options = options
    self.prompt = prompt
    self.tracker = tracker ?? ObjectTracker(options.tracking)
    pace = PaceController(options.pace, baseInterval: options.detectionInterval, areas: sizes.map(\.area))
    schedule = DetectionSchedule(
      interval: options.detectionInterval, minimalGap: options.minimalDetectionGap, sceneChange: options.sceneChange)
  }

  /// Looks for something else from the next frame on. Objects that the new prompt does not name end; what is being
  /// searched for the old one does not count.
  public mutating func look(for prompt: GroundingPrompt) {
    self.prompt = prompt
    promptNumber += 1
    schedule.promptChanged()
    end(labels.objects(notIn: prompt.phrases))
  }

  /// Ends all objects, for what comes is another video: nothing is left but the tracker, which knows what ids were used.
  public mutating func restart() {
    end(objects.map(\.id))
    tracker.reset()
    _ = tracker.takeEnded()
  }

  private mutating func end(_ ids: [Int]) {
    tracker.end(ids)
    labels.forget(ids)
    inSight.subtract(ids)
    objects.removeAll { ids.contains($0.id) }
    waiting.removeAll { ids.contains($0.id) }
    forgotten += ids
  }

  /// Takes the next frame.
  /// - Parameters:
  ///   - image: its brightness, of the same size as before.
  ///   - nanos: when it was taken; does not go back.
  public mutating func frame(_ image: GreyImage, at nanos: Int64) -> LiveOutcome {
    resolution = Resolution(width: image.width, height: image.height)
    now = nanos
    pace.frame(at: nanos)
    flow.advance(to: image)
    carry()
    var outcome = LiveOutcome()
    let masks = objects.map { $0.followed(isNow: $0.nanos == nanos, in: resolution) }
    let visible = Set(masks.filter(\.isVisible).map(\.id))
    let hasLost = !inSight.subtracting(visible).isEmpty
    inSight = visible
    tracker.resolution = resolution
    outcome.objects = tracker.follow(masks, at: nanos)
    end(tracker.takeEnded().map(\.id))
    labels.keep(outcome.objects)
    schedule.interval = pace.detectionInterval
    let reason = schedule.reason(SceneSignature(image), hasLost: hasLost)
    let isSearched = reason != nil && detecting == nil
    let order = segmenting == nil ? segmentationOrder() : nil
    guard isSearched || order != nil else { return outcome }
    // The frame is held on to once for both.
    let anchor = anchors.add(flow.anchor(closerIn: objects.map(\.boxNow)))
    if let reason, isSearched {
      schedule.searched()
      outcome.detection = DetectionOrder(prompt: prompt, size: pace.detectionSize, reason: reason)
      detecting = Job(anchor: anchor, nanos: nanos, size: pace.detectionSize, promptNumber: promptNumber)
    }
    if let order {
      outcome.segmentation = order
      forgotten = []
      let shown = Set(order.prompts.map(\.object))
      waiting.removeAll { shown.contains($0.id) }
      segmenting = Job(anchor: anchor, nanos: nanos, objects: order.chosen.union(shown))
    }
    return outcome
  }

  /// Brings everything to the frame that has come.
  private mutating func carry() {
    let tolerance = 2 * flow.pixel
    var known: [Int: (pairs: PlacePairs, background: RobustMotion?)] = [:]
    func motion(since anchor: Int) -> (pairs: PlacePairs, background: RobustMotion?) {
      if let found = known[anchor] { return found }
      let pairs = anchors[anchor].map { flow.pairs(since: $0) } ?? PlacePairs()
      let found = (pairs, RobustMotion(pairs, tolerance: 2 * tolerance))
      known[anchor] = found
      return found
    }
    for place in objects.indices where objects[place].isVisible {
      let (pairs, background) = motion(since: objects[place].anchor)
      objects[place].carry(pairs, background: background, tolerance: tolerance)
    }
    for place in waiting.indices {
      let (pairs, background) = motion(since: waiting[place].anchor)
      waiting[place].carry(pairs, background: background, tolerance: tolerance)
    }
    let jobs = [segmenting, detecting].compactMap { $0?.anchor }
    anchors.keep(only: Set(objects.map(\.anchor) + waiting.map(\.anchor) + jobs))
  }

  /// What the segmenter should do with this frame, if anything.
  private func segmentationOrder() -> SegmentationOrder? {
    let limit = pace.objectsAtOnce
    var order = SegmentationOrder(removed: forgotten)
    order.prompts = waiting.prefix(limit).map { ($0.id, .box($0.boxNow)) }
    // Those that are only boxes as yet are what waits.
    let known = objects.filter { $0.bitmap != nil || !$0.isVisible }
    let shown = Set(order.prompts.map(\.object))
    let needs = known.filter { !shown.contains($0.id) }.map { (id: $0.id, need: $0.need(at: now, options.pace)) }
      .sorted { ($0.need, $1.id) > ($1.need, $0.id) }
    let isDue =
      !order.prompts.isEmpty || pace.keepsUp(with: known.count)
      || (needs.first.map { $0.need >= options.pace.restfulChange } ?? false)
    guard isDue, !(needs.isEmpty && order.prompts.isEmpty) else { return nil }
    order.chosen = Set(needs.prefix(limit - order.prompts.count).map(\.id))
    return order
  }

  /// The segmenter has done its order.
  /// - Parameters:
  ///   - found: what it said.
  ///   - nanos: how long that took.
  public mutating func segmented(_ found: [SegmentedObject], in nanos: Int64) {
    guard let job = segmenting else { return }
    segmenting = nil
    pace.segmented(objects: job.objects.count, in: nanos)
    let masks = LogitMask.nonOverlapping(found.map(\.mask), at: resolution)
    for (object, mask) in zip(found, masks) {
      // One that has ended in the meantime stays so.
      guard let place = objects.firstIndex(where: { $0.id == object.id }) else { continue }
      let bitmap = object.isVisible ? MaskBitmap(mask) : nil
      objects[place].bitmap = bitmap
      objects[place].box = bitmap?.box ?? objects[place].boxNow
      objects[place].anchor = job.anchor
      objects[place].nanos = job.nanos
      objects[place].isVisible = bitmap != nil
      objects[place].quality = min(max(object.estimatedOverlap, 0), 1)
      (objects[place].motion, objects[place].support) = (.identity, 1)
    }
  }

  /// The segmenter could not do its order: objects that it should have been shown never were.
  public mutating func segmentationFailed() {
    guard let job = segmenting else { return }
    segmenting = nil
    end(objects.filter { job.objects.contains($0.id) && $0.bitmap == nil && $0.isVisible }.map(\.id))
  }

  /// The detector has done its order.
  /// - Parameters:
  ///   - boxes: what it found in the frame that it was given.
  ///   - nanos: how long that took.
  /// - Returns: objects that are new, and those that have ended.
  @discardableResult
  public mutating func detected(_ boxes: [DetectedBox], in nanos: Int64) -> (started: [Int], ended: [EndedTrack]) {
    guard let job = detecting else { return ([], []) }
    detecting = nil
    pace.detected(size: job.size, in: nanos)
    guard job.promptNumber == promptNumber, let anchor = anchors[job.anchor] else { return ([], []) }
    // Carried from the frame that was searched to the latest one, where they meet the masks.
    let pairs = flow.pairs(since: anchor)
    let background = RobustMotion(pairs, tolerance: 4 * flow.pixel)
    let observations = boxes.compactMap { box -> ObjectObservation? in
      var carried = CarriedObject(id: 0, box: box.box, anchor: job.anchor, nanos: job.nanos)
      carried.carry(pairs, background: background, tolerance: 2 * flow.pixel)
      let place = carried.followed(isNow: false, in: resolution)
      guard place.isVisible else { return nil }
      var observation = ObjectObservation(box, of: prompt)
      observation.box = place.box
      return observation
    }
    let association = tracker.associate(observations, at: now).withoutStillborn
    let here = anchors.add(flow.anchor(closerIn: observations.map(\.box)))
    for match in association.matched where match.needsPrompt && !waiting.contains(where: { $0.id == match.id }) {
      waiting.append(CarriedObject(id: match.id, box: observations[match.detection].box, anchor: here, nanos: now))
    }
    for start in association.started {
      let object = CarriedObject(id: start.id, box: start.observation.box, anchor: here, nanos: now)
      objects.append(object)
      waiting.append(object)
      labels.keep(start.observation.label, of: start.id)
    }
    end(association.ended.map(\.id))
    return (association.started.map(\.id), association.ended)
  }

  /// The detector could not do its order; it is asked again when the next search is due.
  public mutating func detectionFailed() { detecting = nil }

  /// Points that are followed, and frames that are held on to: what memory goes with.
  public var heldCounts: (points: Int, anchors: Int, objects: Int) { (flow.count, anchors.count, objects.count) }
}
