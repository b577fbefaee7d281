import Detection
import Foundation
import GroundedTracking
import Inference
import MediaModel
import OpenVINOBackend
import Segmentation
import Tracking

/// Measures grounded tracking with the networks of a folder: the time of each stage of a frame.
///
/// Random weights do as well as others: whatever the networks say, the same objects are followed from the first frame to
/// the last, and objects are searched for in every so many frames.
public struct GroundedBenchmark: Sendable {
  public struct Options: Sendable {
    /// The folder of models, and the names of two in it.
    public var folder: String
    public var detector: String
    public var segmenter: String
    /// Frames before those that count; by the last of them memories are full.
    public var leadFrames = 16
    /// Frames that count.
    public var frames = 20
    /// Objects that are followed.
    public var objects = 2
    /// Frames from one search to the next.
    public var interval = 5
    /// Threads of each network; `nil` for one a core.
    public var threads: Int?

    public init(folder: String, detector: String, segmenter: String) {
      (self.folder, self.detector, self.segmenter) = (folder, detector, segmenter)
    }
  }

  /// Frames of one kind.
  public struct Kind: Codable, Sendable {
    public var frames: Int
    public var wholeMillis: Double
    public var networkMillis: Double
    /// What there is beside the networks, in percent of what they compute: the median over frames.
    public var overheadPercent: Double
    /// By ``FrameTimes/Stage``'s name.
    public var stageMillis: [String: Double]

    init(_ frames: [FrameTimes]) {
      self.frames = frames.count
      wholeMillis = Medians.median(frames.map(\.wholeMillis))
      networkMillis = Medians.median(frames.map(\.networkMillis))
      overheadPercent = 100 * Medians.median(frames.map(\.overhead))
      let stages = FrameTimes.Stage.allCases.filter { stage in frames.contains { $0[stage] > 0 } }
      stageMillis = Dictionary(
        uniqueKeysWithValues: stages.map { stage in (stage.rawValue, Medians.median(frames.map { $0[stage] })) })
    }
  }

  /// What was measured; times are medians.
  public struct Report: Codable, Sendable {
    public var detector: String
    public var segmenter: String
    public var width: Int
    public var height: Int
    public var objects: Int
    public var threads: Int?
    /// Of a picture of the video, before a frame begins.
    public var decodeVideoMillis: Double
    /// Once for each prompt, in the first frame.
    public var textMillis: Double
    public var tracked: Kind
    public var searched: Kind
  }

  private let options: Options
  private let runs = NetworkRuns()
  private let prompt: GroundingPrompt
  private let detector: GroundingDetector
  private let networks: SegmentationNetworks

  /// Loads the networks.
  /// - Throws: `InferenceError`
  public init(_ options: Options) async throws {
    self.options = options
    let backend = try OpenVINOBackend(
      folder: options.folder, options: OpenVINOOptions(threads: options.threads),
      inferred: { [runs] in runs.inferred($0, $1) })
    let models = NotedModels(backend: backend, runs: runs)
    var detector = try await GroundingDetector(
      options.detector, from: models, tokenizer: try BenchmarkWords.tokenizer())
    // Random weights are sure of nothing.
    detector.decoder.boxThreshold = 0
    networks = try await SegmentationNetworks(options.segmenter, from: models)
    prompt = try detector.prompt(BenchmarkWords.prompt)
    self.detector = detector
  }

  /// Objects that stay, whatever is said of them.
  private var trackingOptions: GroundedOptions {
    var grounded = GroundedOptions()
    (grounded.detectionInterval, grounded.minimalDetectionGap) = (options.interval, options.interval)
    grounded.sceneChange = .infinity
    (grounded.tracking.maximalTracks, grounded.tracking.missesToEnd) = (options.objects, Int.max / 4)
    (grounded.tracking.heldNanos, grounded.tracking.duplicateNanos) = (.max / 4, .max / 4)
    grounded.tracking.promptOverlap = 0
    (grounded.tracking.highScore, grounded.tracking.lowScore) = (0, 0)
    return grounded
  }

  /// Measures.
  /// - Parameters:
  ///   - clip: played to and fro where it is too short.
  ///   - before: called before each frame, of the number that it is given, and outside of what is measured.
  ///   - after: called with each frame.
  /// - Throws: `InferenceError`, or what the closures throw.
  public func run(
    on clip: TrackingClip, before: (Int) throws -> Void = { _ in }, after: (FrameTimes) throws -> Void = { _ in }
  ) async throws -> Report {
    var tracker = GroundedTracker(detector: detector, networks: networks, prompt: prompt, options: trackingOptions)
    var (frames, textMillis): ([FrameTimes], Double) = ([], 0)
    for number in 0..<options.leadFrames + options.frames {
      try before(number)
      _ = runs.take()
      let start = runs.now
      let image = RGBImage(clip.pictures[clip.place(of: number)])
      let coloured = runs.now
      let outcome = try await tracker.track(image, at: Int64(number) * clip.frameNanos)
      var times = FrameTimes(
        number: number, isSearched: outcome.reason != nil, start: start, coloured: coloured, end: runs.now,
        runs: runs.take())
      times.followed = tracker.followed.count
      times.visible = outcome.objects.count { $0.sighting == .measured }
      textMillis = max(textMillis, times[.text])
      if number >= options.leadFrames { frames.append(times) }
      try after(times)
    }
    return Report(
      detector: options.detector, segmenter: options.segmenter, width: clip.resolution.width,
      height: clip.resolution.height, objects: tracker.followed.count, threads: options.threads,
      decodeVideoMillis: clip.decodeMillis, textMillis: textMillis, tracked: Kind(frames.filter { !$0.isSearched }),
      searched: Kind(frames.filter(\.isSearched)))
  }

  /// A table for people.
  public static func table(_ report: Report) -> String {
    func cell(_ kind: Kind, _ stage: FrameTimes.Stage) -> String {
      kind.stageMillis[stage.rawValue].map { String(format: "%.1f", $0) } ?? ""
    }
    var lines = ["| ms, median | tracked | searched |", "|---|---:|---:|"]
    for stage in FrameTimes.Stage.allCases {
      let cells = [report.tracked, report.searched].map { cell($0, stage) }
      guard cells != ["", ""] else { continue }
      lines.append("| \(stage.rawValue) | \(cells[0]) | \(cells[1]) |")
    }
    func row(_ name: String, _ value: (Kind) -> Double) -> String {
      "| \(name) | \(String(format: "%.1f | %.1f", value(report.tracked), value(report.searched))) |"
    }
    lines.append(row("whole frame", \.wholeMillis))
    lines.append(row("of it networks", \.networkMillis))
    lines.append(row("beside them, %", \.overheadPercent))
    let head =
      "\(report.detector)+\(report.segmenter), \(report.width)×\(report.height), \(report.objects) objects, "
      + "\(report.tracked.frames) frames tracked and \(report.searched.frames) searched; "
      + String(
        format: "decoding a picture took %.1f ms, the prompt %.1f ms once", report.decodeVideoMillis, report.textMillis)
    return ([head, ""] + lines).joined(separator: "\n")
  }
}

extension TrackingClip {
  /// The picture of a frame: forward, backward and so on.
  func place(of number: Int) -> Int {
    guard pictures.count > 1 else { return 0 }
    let place = number % (2 * pictures.count - 2)
    return place < pictures.count ? place : 2 * pictures.count - 2 - place
  }
}

/// A prompt, and a vocabulary that has its words: the time of a text does not hang on what its words are called.
enum BenchmarkWords {
  static let prompt = "person. car. red boat."
  private static let words = ["red", "car", "person", "dog", "big", "tree", "house", "boat"]

  static func tokenizer() throws -> WordPieceTokenizer {
    let lines = ["[PAD]", "[CLS]", "[SEP]", ".", "?", "[UNK]", "[MASK]"] + words
    return WordPieceTokenizer(vocabulary: try WordPieceVocabulary(lines: Array(lines.joined(separator: "\n").utf8)))
  }
}
