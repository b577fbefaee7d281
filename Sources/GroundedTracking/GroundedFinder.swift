public import Detection
import Inference
public import MediaModel
import Segmentation
public import Tracking
import Vision

/// Finds what a sentence names, with Grounding DINO and SAM 2 or EdgeTAM, and follows it.
///
/// From files every picture goes through every step in order, ``GroundedTracker``. On live streams a call takes
/// the time of optical flow; the networks work in two tasks beside it, ``LiveTracker``.
public actor GroundedFinder: ObjectFinder {
  /// The work beside the calls, at most one task of either kind.
  private struct Work {
    var segmentation: Task<Void, Never>?
    var detection: Task<Void, Never>?
  }

  public nonisolated let mode = "grounded"
  private let models: GroundedModels
  private let options: GroundedOptions
  private let executors: (segmentation: (any TaskExecutor)?, detection: (any TaskExecutor)?)
  private var prompt: GroundingPrompt
  private var detector: GroundingDetector
  private var segmenter: VideoSegmenter
  private var offline: GroundedTracker?
  private var live: LiveTracker?
  /// What was followed last, whose ids are not used again.
  private var tracker: ObjectTracker
  private var work = Work()
  /// Grows with every new video: work for an older one does not count.
  private var video = 0
  private var resolution: Resolution?
  private var lastNanos: Int64?
  /// What is added to the times of this video, so that those of the tracker do not go back.
  private var offset: Int64 = 0
  private var reason: DetectionReason?
  private var failure: String?
  private var detectionCount = 0
  private var startedCount = 0

  /// - Parameters:
  ///   - segmentation: where the segmenter's work beside the networks runs on live streams; `nil` for anywhere.
  ///   - detection: where the detector's does.
  /// - Throws: ``GroundingPrompt/Problem``
  public init(
    _ models: GroundedModels, prompt: String, options: GroundedOptions = GroundedOptions(),
    segmentation: (any TaskExecutor)? = nil, detection: (any TaskExecutor)? = nil
  ) throws(GroundingPrompt.Problem) {
    self.models = models
    self.options = options
    executors = (segmentation, detection)
    detector = models.detector
    segmenter = VideoSegmenter(models.networks, options: options.segmentation)
    tracker = ObjectTracker(options.tracking)
    self.prompt = try models.detector.prompt(prompt)
  }

  /// - Throws: ``GroundingPrompt/Problem``
  public func setPrompt(_ text: String) async throws {
    prompt = try detector.prompt(text)
    offline?.look(for: prompt)
    live?.look(for: prompt)
  }

  public func find(
    in picture: Picture, number: Int, at nanos: Int64, isLive: Bool
  ) async throws -> [TrackedObject] {
    let isAnother = resolution.map { $0 != picture.resolution } ?? false
    let isBack = lastNanos.map { nanos + offset <= $0 } ?? false
    if isAnother || isBack || (isLive ? offline != nil : live != nil) { await restart() }
    if let lastNanos, nanos + offset <= lastNanos { offset = lastNanos + 1 - nanos }
    resolution = picture.resolution
    lastNanos = nanos + offset
    return isLive ? findLive(picture, at: nanos + offset) : try await findInOrder(picture, at: nanos + offset)
  }

  /// Ends all objects: what comes is another video.
  private func restart() async {
    video += 1
    await endWork()
    if var offline {
      offline.restart()
      tracker = offline.tracker
    }
    if var live {
      live.restart()
      tracker = live.tracker
    }
    (offline, live) = (nil, nil)
    segmenter = VideoSegmenter(models.networks, options: options.segmentation)
  }

  private func findInOrder(_ picture: Picture, at nanos: Int64) async throws -> [TrackedObject] {
    var state =
      offline
      ?? GroundedTracker(
        detector: detector, networks: models.networks, prompt: prompt, options: options, tracker: tracker)
    let asked = prompt
    let outcome = try await state.track(RGBImage(picture), at: nanos)
    // A prompt that came while the networks ran is for the next picture.
    if asked != prompt { state.look(for: prompt) }
    offline = state
    reason = outcome.reason ?? reason
    detectionCount += outcome.detections.count
    startedCount += outcome.started.count
    return outcome.objects
  }

  private func findLive(_ picture: Picture, at nanos: Int64) -> [TrackedObject] {
    var state = live ?? LiveTracker(sizes: detector.sizes, prompt: prompt, options: options, tracker: tracker)
    let start = models.now()
    let grey = picture.withPlanes { luma, _, _ in
      GreyImage(width: luma.width, height: luma.height, base: luma.base, stride: luma.stride)
    }
    let outcome = state.frame(grey, at: nanos)
    models.times.add("flow", nanos: models.now() - start)
    live = state
    if let order = outcome.segmentation { begin(order, on: picture) }
    if let order = outcome.detection { begin(order, on: picture) }
    return outcome.objects
  }

  public func report() -> FinderReport {
    var choices = live?.pace.choices ?? [.init("detection interval", "\(options.detectionInterval) frames")]
    if let size = live.map({ detector.sizes[$0.pace.detectionSize] }) ?? detector.sizes.first {
      choices.insert(.init("input", "\(size.width)×\(size.height)"), at: 0)
    }
    if let reason { choices.append(.init("last search", reason.rawValue)) }
    if let failure { choices.append(.init("failure", failure)) }
    defer { (detectionCount, startedCount) = (0, 0) }
    return FinderReport(
      model: models.name, choices: choices, stages: models.times.take(), detectionCount: detectionCount,
      startedCount: startedCount)
  }

  public func finish() async {
    video += 1
    await endWork()
  }

  private func endWork() async {
    let tasks = [work.segmentation, work.detection].compactMap(\.self)
    work = Work()
    for task in tasks { task.cancel() }
    for task in tasks { await task.value }
  }
}

// MARK: Work beside the calls

extension GroundedFinder {
  private func begin(_ order: SegmentationOrder, on picture: Picture) {
    let (video, now) = (video, models.now)
    // Unstructured because it outlives the call; `endWork()` cancels it and waits.
    work.segmentation = Task(executorPreference: executors.segmentation) { [segmenter] in
      var segmenter = segmenter
      let start = now()
      do {
        let found = try await order.run(&segmenter, on: RGBImage(picture))
        await self.segmented(found, segmenter, in: now() - start, of: video)
      } catch {
        await self.segmentationFailed(error, segmenter, of: video)
      }
    }
  }

  private func segmented(_ found: [SegmentedObject], _ segmenter: VideoSegmenter, in nanos: Int64, of video: Int) {
    guard video == self.video else { return }
    self.segmenter = segmenter
    live?.segmented(found, in: nanos)
  }

  private func segmentationFailed(_ error: any Error, _ segmenter: VideoSegmenter, of video: Int) {
    guard video == self.video else { return }
    self.segmenter = segmenter
    failure = "\(error)"
    live?.segmentationFailed()
  }

  private func begin(_ order: DetectionOrder, on picture: Picture) {
    let (video, now) = (video, models.now)
    reason = order.reason
    // Unstructured because it outlives the call; `endWork()` cancels it and waits.
    work.detection = Task(executorPreference: executors.detection) { [detector] in
      var detector = detector
      let start = now()
      do {
        let found = try await detector.detect(in: RGBImage(picture), naming: order.prompt, size: order.size)
        await self.detected(found, detector, in: now() - start, of: video)
      } catch {
        await self.detectionFailed(error, of: video)
      }
    }
  }

  private func detected(_ boxes: [DetectedBox], _ detector: GroundingDetector, in nanos: Int64, of video: Int) {
    guard video == self.video else { return }
    self.detector = detector
    detectionCount += boxes.count
    startedCount += live?.detected(boxes, in: nanos).started.count ?? 0
  }

  private func detectionFailed(_ error: any Error, of video: Int) {
    guard video == self.video else { return }
    failure = "\(error)"
    live?.detectionFailed()
  }
}
