public import Detection
public import Inference
import MaskRefinement
public import MediaModel
public import Tracking

/// Finds objects of the classes that a detector was trained for, follows their boxes by motion and colours, and cuts them
/// out by a graph cut.
///
/// A default actor: it works on the executor of its caller's task.
public actor BoxFinder: ObjectFinder {
  public nonisolated let mode: String

  private let detector: any GridDetector
  private let model: any InferenceModel
  private let options: BoxFinderOptions
  private let clock: @Sendable () -> Int64
  private let histogram = ColourHistogram()
  private var tracker: ObjectTracker
  private var cutter: ObjectCutter
  /// Labels that are looked for; empty are all.
  private var wanted: Set<String> = []
  private var last: (resolution: Resolution, nanos: Int64)?
  private var collected = FinderReport()
  private var startedBefore = 0

  /// - Parameters:
  ///   - detector: how to use the model.
  ///   - model: loaded as the detector's signature demands.
  ///   - mode: what it is called: the name of the detector.
  ///   - clock: nanoseconds of any clock, to report how long stages take; without one nothing is reported.
  public init(
    _ detector: any GridDetector, model: any InferenceModel, mode: String = "fastestdet",
    options: BoxFinderOptions = BoxFinderOptions(), clock: @escaping @Sendable () -> Int64 = { 0 }
  ) {
    self.mode = mode
    self.detector = detector
    self.model = model
    self.options = options
    self.clock = clock
    tracker = ObjectTracker(options.tracking)
    cutter = ObjectCutter(options.refiner, masksPerPicture: options.masksPerLivePicture)
  }

  public func report() -> FinderReport {
    var report = collected
    collected = FinderReport()
    report.model = model.name
    report.choices = [
      .init("classes", wanted.isEmpty ? "all" : wanted.sorted().joined(separator: ", ")),
      .init("masks", "colours and edges in boxes"),
    ]
    report.startedCount = tracker.idCount - startedBefore
    startedBefore = tracker.idCount
    return report
  }

  /// - Throws: ``InferenceError`` of the model.
  public func find(
    in picture: Picture, number: Int, at nanos: Int64, isLive: Bool
  ) async throws -> [TrackedObject] {
    if let last, last.resolution != picture.resolution || nanos < last.nanos {
      tracker.reset()
      cutter.reset()
    }
    last = (picture.resolution, nanos)
    tracker.resolution = picture.resolution
    let start = clock()
    let image = RGBImage(picture)
    let outputs = try await model.run(detector.inputs(of: image))
    let boxes = detector.boxes(in: outputs, width: image.width, height: image.height)
    note("detect", since: start)
    collected.detectionCount += boxes.count
    let size = SIMD2(Float(image.width), Float(image.height))
    let observations = boxes.filter { wanted.isEmpty || wanted.contains($0.label) }.map { found in
      // Detectors guess where things go on outside the picture.
      let box = found.box.clamped(lowerBound: .zero, upperBound: SIMD4(lowHalf: size, highHalf: size))
      return ObjectObservation(
        box: box, label: found.label, score: found.score, appearance: histogram.appearance(of: picture, in: box))
    }
    let objects = tracker.update(observations, at: nanos)
    let cutting = clock()
    let cut = cutter.cut(objects, from: picture, isLive: isLive)
    note("decode", since: cutting)
    return cut
  }

  /// Looks for the classes that the text names, with their plain names; for all when it names none of them, as in “all
  /// objects”.
  public func setPrompt(_ text: String) async throws {
    let phrases = text.lowercased().split(separator: ".").map { phrase in
      phrase.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    }
    wanted = Set(detector.classes.filter { phrases.contains($0.lowercased()) })
  }

  /// Where nobody asks for a report, later times are left out.
  private func note(_ stage: String, since start: Int64) {
    let now = clock()
    guard now > start, collected.stages.count < 256 else { return }
    collected.stages.append(.init(stage, nanos: now - start))
  }
}
